"""Personal data is found by form and check digits; what only looks like it is left alone."""

from __future__ import annotations

import random
import string

import pytest

from handrail.guardrails import national_ids as ids
from handrail.guardrails.personal_data import find_personal, is_iban, luhn
from handrail.guardrails.telephone_numbers import phone_keys

RANDOM = random.Random(11)


def found(text: str, region: str = "US") -> list[tuple[str, str]]:
    return [(one.form or one.kind, one.text) for one in find_personal(text, region)]


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("Call me at 415-555-2671.", "phone", "415-555-2671"),
        ("Phone: +44 20 7946 0958", "phone", "+44 20 7946 0958"),
        ("Phone:+44 20 7946 0958", "phone", "+44 20 7946 0958"),
        ("Reach us on (415) 555-2671 ext 12", "phone", "(415) 555-2671 ext 12"),
        ("My number is 4155552671", "phone", "4155552671"),
        ("Mi teléfono es 612 345 678", "phone", "612 345 678"),
        ("Desk: 0490 75 40 81", "phone", "0490 75 40 81"),
        ("Ana Diaz\n12 Elm Street\n723 813 266 (home)", "phone", "723 813 266"),
        ("It is 078-05-1120.", "us_ssn", "078-05-1120"),
        ("social security number 078051120", "us_ssn", "078051120"),
        ("AB 12 34 56 C", "gb_nino", "AB 12 34 56 C"),
        ("NHS number 943 476 5919", "gb_nhs", "943 476 5919"),
        ("DNI 12345678Z", "es_dni", "12345678Z"),
        ("NIE X-1234567-L", "es_dni", "X-1234567-L"),
        ("Steuer-ID 86095742719", "de_steuer_id", "86095742719"),
        ("NIR 2 69 05 49 588 157 80", "fr_nir", "2 69 05 49 588 157 80"),
        ("CPF 529.982.247-25", "br_cpf", "529.982.247-25"),
        ("CNPJ 11.222.333/0001-81", "br_cnpj", "11.222.333/0001-81"),
        ("Send it to DE89 3704 0044 0532 0130 00 today", "iban", "DE89 3704 0044 0532 0130 00"),
        ("es9121000418450200051332", "iban", "es9121000418450200051332"),
        ("from 192.168.0.1 or", "ip", "192.168.0.1"),
        ("from 2001:db8::1, it", "ip", "2001:db8::1"),
        ("The card 4111 1111 1111 1111 is", "card", "4111 1111 1111 1111"),
        ("card no. 630427373398", "card", "630427373398"),
        ("Write to o'brien@example.co.uk.", "email", "o'brien@example.co.uk"),
    ],
)
def test_found(text: str, kind: str, part: str) -> None:
    assert found(text) == [(kind, part)]


@pytest.mark.parametrize(
    "text",
    [
        "Your order 2026030412345678 ships on 2026-03-05 or 03/05/2026 at 10:30.",
        "Tracking number 4111 1111 1111 1111 and 1Z999AA10123456784.",
        "Order #4155552671 of $1,299.00 was placed.",
        "Invoice 415-555-2671 is due; reference 123-45-67890.",
        "Firmware 2.10.3.1 is current, see std::vector and section 1.2.3.4.",
        "It is 10 20 30 40 cm, item 7751905257, zip 85034-1234.",
        "12 345 678 EUR or 1.000.000 pieces in 2010-2020 5000-6000.",
        "The restaurant is at 704 1436 Redbud Drive.",
        "UPS 987654321012, FedEx 123456789012.",
        "Your card ending in 4242; open 9-5; call 112.",
        "000-12-3456, 666-12-3456 and 078-00-1120",
        "DNI 12345678A and AB123456E",
    ],
)
def test_not_found(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("is_valid", "number"),
    [
        (luhn, "4111111111111111"),
        (is_iban, "DE89370400440532013000"),
        (ids.is_nhs, "9434765919"),
        (ids.is_steuer_id, "86095742719"),
        (ids.is_nir, "269054958815780"),
        (ids.is_cpf, "52998224725"),
        (ids.is_cnpj, "11222333000181"),
        (ids.is_dni, "12345678Z"),
    ],
)
def test_a_wrong_digit_is_noticed(is_valid: object, number: str) -> None:
    assert callable(is_valid)
    assert is_valid(number)
    places = [place for place, char in enumerate(number) if char.isdecimal()]
    for place in places:
        digit = (int(number[place]) + 1) % 10
        assert not is_valid(f"{number[:place]}{digit}{number[place + 1 :]}")


def test_random_rows_of_digits_are_rarely_personal() -> None:
    rows = ["".join(RANDOM.choice(string.digits) for _ in range(12)) for _ in range(500)]
    assert sum(bool(found(f"Your parcel {row} is here.")) for row in rows) == 0


def test_a_number_has_the_same_keys_in_each_spelling() -> None:
    spellings = ("+44 20 7946 0958", "020 7946 0958", "(020) 7946-0958")
    keys = [set(phone_keys(text, "GB")) for text in spellings]
    assert set.intersection(*keys) >= {"442079460958", "02079460958"}
