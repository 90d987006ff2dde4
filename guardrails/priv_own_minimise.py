"""Check ``priv.own_minimise``: a reply shows the customer's own data only as far as it must.

Fires: "Your IBAN is DE89 3704 0044 0532 0130 00." on any channel; "We wrote to ana@shop.example."
or "Your card ending in 4242" to somebody who is not verified, or by e-mail. Does not fire: the
last four digits, an address or a telephone number in a verified web chat; what the customer wrote
in this conversation; the e-mail address they write from. Full card numbers are ``priv.secret``'s.

Rules, all high: ``full_number``: an account or national number in full. ``contact``,
``address`` and ``last_digits``: more than the customer wrote, where their identity is not verified
or others may read along. The proposal is the masked form. Setting ``public_channels``: channels
that others may read, ``email`` unless told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.ports import address_keys, owner_key
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.ownership import (
    HIDDEN,
    find_streets,
    is_own,
    is_private,
    last_four,
    own_keys,
    written_keys,
)

_NUMBERS = ("iban", "national_id")
_CONTACTS = ("email", "phone")
_LAST_DIGITS = re.compile(
    r"\b(?:(?:ending|ends) (?:in|with)|last (?:four|4) digits(?: are| is|:)?|terminad[oa] en"
    r"|acabad[oa] en)(?P<mark> [•*x]{0,16} ?)(?P<digits>\d{4})(?!\d)",
    re.IGNORECASE,
)


class OwnDataSettings(CheckSettings):
    """Settings of ``priv.own_minimise``."""

    public_channels: tuple[str, ...] = ("email",)
    """Channels that others than the customer may read."""


@check("priv.own_minimise", severity="high", settings=OwnDataSettings)
def priv_own_minimise(ctx: CheckContext, settings: OwnDataSettings) -> Iterator[Finding]:
    """Flag more of the customer's own data than the channel may show."""
    private = is_private(ctx, settings.public_channels)
    yield from _numbers(ctx, private=private)
    if not private:
        yield from _contacts(ctx)
        yield from _streets(ctx)
        for hit in ctx.search(_LAST_DIGITS):
            if hit.match["digits"] not in written_keys(ctx):
                start, end = ctx.folded.span(*hit.match.span("digits"))
                message = "Digits of a card or account are shown to a verified customer alone."
                yield priv_own_minimise.finding(
                    "last_digits", start, end, message, replacement=HIDDEN
                )


def _numbers(ctx: CheckContext, *, private: bool) -> Iterator[Finding]:
    numbers = [datum for datum in ctx.personal if datum.kind in _NUMBERS]
    if not numbers:
        return
    known = f"{own_keys(ctx)}\n{written_keys(ctx)}"
    for datum in numbers:
        if is_own(datum, known, ctx.playbook.brand.region):
            yield priv_own_minimise.finding(
                "full_number",
                datum.start,
                datum.end,
                "A reply shows no more of such a number than its last four characters.",
                replacement=last_four(datum.text) if private else HIDDEN,
            )


def _contacts(ctx: CheckContext) -> Iterator[Finding]:
    contacts = [datum for datum in ctx.personal if datum.kind in _CONTACTS]
    if not contacts:
        return
    region, own, written = ctx.playbook.brand.region, own_keys(ctx), written_keys(ctx)
    address = owner_key(ctx.snapshot.conversation.address)
    for datum in contacts:
        told = is_own(datum, written, region) or datum.key == address
        if is_own(datum, own, region) and not told:
            message = "The customer did not write this, and may not be the only one to read it."
            yield priv_own_minimise.finding(
                "contact", datum.start, datum.end, message, replacement=HIDDEN
            )


def _streets(ctx: CheckContext) -> Iterator[Finding]:
    own = {
        key
        for record in ctx.snapshot.records
        for field in record.fields.values()
        if field.type == "address" and isinstance(field.value, str)
        for key in address_keys(field.value)
    }
    if not own:
        return
    text, written, until = ctx.folded.text, written_keys(ctx), 0
    for start, end in sorted(find_streets(text), key=lambda place: (place[0], -place[1])):
        key = "".join(filter(str.isalnum, text[start:end].casefold()))
        if start >= until and key in own and key not in written:
            until = end
            message = "The customer did not write this address, and others may read it."
            yield priv_own_minimise.finding(
                "address", *ctx.folded.span(start, end), message, replacement=HIDDEN
            )
