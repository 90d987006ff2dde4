"""Check ``priv.secret``: no key, token, password or full card number leaves in a reply.

Fires: "Your password is hunter2x", a private key block, a card number with a right check digit.
Does not fire: "Your card ending in 4242", an order or tracking number.

Rules: ``key``, ``private_key``, ``password``, ``one_time_code``, ``card_number`` (all critical),
each with a redaction as proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.ports import owner_key
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, Hit, check

_KEYS = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,255}"
    r"|github_pat_[A-Za-z0-9_]{22,255}|glpat-[\w-]{20,64}|xox[abposr]-[A-Za-z0-9-]{10,200}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,99}|whsec_[A-Za-z0-9]{20,80}|sk-[A-Za-z0-9_-]{20,200}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,300}|SG\.[\w-]{16,32}\.[\w-]{30,60}|key-[0-9a-f]{32}"
    r"|SK[0-9a-f]{32}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,250}|hf_[A-Za-z0-9]{30,60}"
    r"|dop_v1_[0-9a-f]{64}|EAA[A-Za-z0-9]{40,250}"
    r"|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,2000})(?![A-Za-z0-9])"
    r"|://[^\s/:@]{1,64}:[^\s/:@]{1,64}@"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,.-]{0,8000}"
    r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
_PASSWORD = re.compile(
    r"\b(?:password|passcode|passphrase|contraseña|clave|api[ _-]?key|secret(?: key)?|access token"
    r"|auth token)\b(?: (?:is|es|will be|now|ahora|for your account)){0,3}\s{0,2}[:=]?\s{0,2}"
    r"[\"'`“]?(?P<secret>(?=[^\s\"'`”]{0,40}[\d!@#$%^&*_+=])[^\s\"'`”,;]{4,80})",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:(?:verification|security|one[ -]?time|login|sign[ -]?in|confirmation|authentication|2fa"
    r"|otp|reset)(?: \w{1,12}){0,2} ?(?:code|pin|otp|passcode)?|cvv|cvc|pin|código de "
    r"(?:verificación|seguridad|acceso))\b\s?(?:is|es|:)\s{0,2}(?P<secret>\d{3,8}|[A-Z]-\d{4,8})\b",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-]?\d)")
REDACTED = "[removed]"


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _is_card(text: str, own: frozenset[str]) -> bool:
    digits = "".join(char for char in text if char.isdecimal() and char.isascii())
    varied = len(set(digits)) > 1
    return 13 <= len(digits) <= 19 and varied and digits not in own and luhn(digits)


def _part(ctx: CheckContext, hit: Hit) -> tuple[int, int]:
    return ctx.folded.span(*hit.match.span("secret"))


def _finding(rule: str, start: int, end: int, what: str) -> Finding:
    message = f"{what} must not be sent in a reply."
    return priv_secret.finding(rule, start, end, message, replacement=REDACTED)


@check("priv.secret", severity="critical")
def priv_secret(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag secrets by their form."""
    for hit in ctx.search(_KEYS):
        yield _finding("key", hit.start, hit.end, "A key or token")
    for hit in ctx.search(_PRIVATE_KEY):
        yield _finding("private_key", hit.start, hit.end, "A private key")
    for hit in ctx.search(_PASSWORD):
        yield _finding("password", *_part(ctx, hit), "A password")
    for hit in ctx.search(_CODE):
        yield _finding("one_time_code", *_part(ctx, hit), "A one-time code")
    own = frozenset(owner_key(record.id) for record in ctx.records)
    for hit in ctx.search(_CARD):
        if _is_card(hit.match[0], own):
            yield _finding("card_number", hit.start, hit.end, "A full card number")
