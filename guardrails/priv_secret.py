"""Check ``priv.secret``: no key, token, password or full card number leaves in a reply.

Fires: "Your password is hunter2x", "849302 is your sign-in code", a private key block, a card
number with a right check digit. Does not fire: "Your card ending in 4242", an order or tracking
number, "Use code SAVE20", "You can reset your password in your account".

Rules: ``key``, ``private_key``, ``password``, ``one_time_code``, ``card_number`` (all critical),
each with a redaction as proposal; of the customer's own card the last four digits may stay where
the channel is private.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.ports import owner_key
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, Hit, check
from handrail.guardrails.ownership import (
    is_own,
    is_private,
    last_four,
    own_keys,
    written_keys,
)
from handrail.guardrails.terms import inked, zeroed

_KEYS = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,255}"
    r"|github_pat_[A-Za-z0-9_]{22,255}|glpat-[\w-]{20,64}|xox[abposr]-[A-Za-z0-9-]{10,200}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,99}|whsec_[A-Za-z0-9]{20,80}|sk-[A-Za-z0-9_-]{20,200}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,300}|SG\.[\w-]{16,32}\.[\w-]{30,60}|key-[0-9a-f]{32}"
    r"|SK[0-9a-f]{32}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,250}|hf_[A-Za-z0-9]{30,60}"
    r"|dop_v1_[0-9a-f]{64}|EAA[A-Za-z0-9]{40,250}|xapp-[A-Za-z0-9-]{20,200}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|glsa_[A-Za-z0-9_]{32,60}|sq0[a-z]{3}-[\w-]{22,60}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{58}|(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,100}={0,2}"
    r"|[Bb]earer [A-Za-z0-9._~+/-]{20,2000}"
    r"|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,2000})(?![A-Za-z0-9])"
    r"|://[^\s/:@]{1,64}:[^\s/:@]{1,64}@"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,.-]{0,8000}"
    r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
PASSWORD = re.compile(
    r"\b(?:password|passcode|passphrase|contraseña|clave|api[ _-]?key"
    r"|secret(?:[ _-](?:access[ _-])?key)?|(?:access|auth|refresh)[ _-]?token)\b"
    r"(?: (?:is|es|will be|now|ahora|temporal|for your account)){0,3}\s{0,2}[:=]?\s{0,2}"
    r"(?:[\"'`“](?P<quoted>[^\s\"'`”]{4,80})(?=[\"'`”])|[\"'`“]?(?!https?:|www\.)"
    r"(?P<secret>(?=[^\s\"'`”]{0,40}[\d!@#$%^&*_+=])[^\s\"'`”,;]{4,80}))",
    re.IGNORECASE,
)
_DIGITS = r"(?:\d{3}[ -]\d{3}|\d{3,8}|[A-Z]-\d{4,8})(?![\w-])"
CODE = re.compile(
    r"\b(?:(?:verification|security|one[ -]?time|login|sign[ -]?in|confirmation|authentication|2fa"
    r"|otp|reset)(?: \w{1,12}){0,2} ?(?:code|pin|otp|passcode)?|cvv|cvc|pin|otp|your (?:new "
    r"|temporary )?code|código de (?:verificación|seguridad|acceso)|(?:tu|su) código)\b"
    rf"\s?(?:is|es|:)\s{{0,2}}(?P<secret>{_DIGITS})"
    r"|\b(?:enter|use|type|introduzca|usa) (?:the |el )?(?:code|pin|código) "
    rf"(?P<used>{_DIGITS})"
    r"(?= (?:to|para) (?:sign|log|verify|confirm|authenticate|reset|unlock|iniciar|verificar))"
    rf"|(?<![\w-])(?P<told>{_DIGITS})(?= (?:is|es) (?:your|tu|su) (?:[\w-]{{2,16}} ){{0,3}}"
    r"(?:code|pin|passcode|otp|código)\b)",
    re.IGNORECASE,
)
TOLD = re.compile(
    r"0(?i:\d\d(?:(?<=[:seno]\d{3})|(?<=[:seno]\s\d{3})|(?<=[:seno]\s\s\d{3})"
    r"|(?<=[a-z]-\d{3}))| (?:is|es) (?:your|tu|su) )"
)
"""What every code that is told stands in, in a text of zeros: "is 849302", "849302 is your"."""
_LONG = "a" * 16
"""As many characters in a row as every key has; a login in an address may have fewer."""
PASSWORD_WORDS = frozenset(
    """
    password passcode passphrase contraseña clave api apikey secret token accesstoken authtoken
    refreshtoken
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_FOR = (
    "verification", "security", "onetime", "login", "signin", "confirmation", "authentication",
    "2fa", "otp", "reset",
)  # fmt: skip
_CODES = ("code", "pin", "passcode", "otp")
CODE_WORDS = frozenset(
    ("one", "sign", "cvv", "cvc", "código", *_CODES, *_FOR, *(a + b for a in _FOR for b in _CODES))
)
"""Words without one of which no password, or no code, is told."""
REDACTED = "[removed]"
_PUBLIC = ("email",)


def _part(ctx: CheckContext, hit: Hit) -> tuple[int, int]:
    found = next(name for name, text in hit.match.groupdict().items() if text)
    return ctx.folded.span(*hit.match.span(found))


def _finding(rule: str, start: int, end: int, what: str, instead: str = REDACTED) -> Finding:
    message = f"{what} must not be sent in a reply."
    return priv_secret.finding(rule, start, end, message, replacement=instead)


def _cards(ctx: CheckContext) -> Iterator[Finding]:
    cards = [datum for datum in ctx.personal if datum.kind == "card"]
    if not cards:
        return
    each = {card.text: card for card in cards}
    numbers = frozenset(owner_key(record.id) for record in ctx.records)
    known, region = f"{own_keys(ctx)}\n{written_keys(ctx)}", ctx.playbook.brand.region
    private = is_private(ctx, _PUBLIC)
    mine = {text for text, card in each.items() if private and is_own(card, known, region)}
    for card in cards:
        if card.key in numbers:
            continue
        instead = last_four(card.text) if card.text in mine else REDACTED
        yield _finding("card_number", card.start, card.end, "A full card number", instead)


@check("priv.secret", severity="critical")
def priv_secret(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag secrets by their form."""
    text = ctx.folded.text
    parts = text.split() if _LONG in inked(text) or "://" in text else ()
    long = [part for part in parts if len(part) >= len(_LONG) or "://" in part]
    if "earer " in text or any(map(_KEYS.search, long)):
        for hit in ctx.search(_KEYS):
            yield _finding("key", hit.start, hit.end, "A key or token")
    if "-----BEGIN" in text:
        for hit in ctx.search(_PRIVATE_KEY):
            yield _finding("private_key", hit.start, hit.end, "A private key")
    if not PASSWORD_WORDS.isdisjoint(ctx.words):
        for hit in ctx.search(PASSWORD):
            yield _finding("password", *_part(ctx, hit), "A password")
    if not CODE_WORDS.isdisjoint(ctx.words) and TOLD.search(zeroed(text)):
        for hit in ctx.search(CODE):
            yield _finding("one_time_code", *_part(ctx, hit), "A one-time code")
    yield from _cards(ctx)
