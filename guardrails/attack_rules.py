"""The forms that attacks on an assistant take: orders to drop its rules, roles, turns that are not.

Each rule reads folded text. What is hidden in Base64, ROT13, hexadecimal, binary, reversed or
s p a c e d letters is read once more in the clear.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handrail.guardrails.encodings import backwards, blocks, rotated
from handrail.guardrails.normalisation import caseless
from handrail.guardrails.terms import cut, plain

_RULES_WORDS = (
    r"(?:instructions?|directions|directives|guidelines|guidance|prompts?|rules|commands"
    r"|restrictions|constraints|programming"
    r"|instrucciones|reglas|órdenes|directrices|indicaciones"
    r"|instruções|regras|ordens|orientações|consignes|règles|ordres"
    r"|anweisungen|regeln|vorgaben|befehle|istruzioni|regole|ordini|direttive"
    r"|instructies|regels|opdrachten|instrukcje|polecenia|zasady|talimat\w{0,8}|kural\w{0,8}"
    r"|инструкци\w{1,3}|указани\w{1,3}|правил\w{0,3}|команд\w{0,3}|instruksi|perintah|aturan"
    r"|निर्देश\w{0,4}|नियम\w{0,4}|تعليمات|التعليمات|الأوامر|القواعد|hướng dẫn|quy tắc|tagubilin)"
)
_DROP_WORDS = (
    r"(?:ignore|disregard|forget|overlook|override|bypass|discard|do not follow|don['’]?t follow"
    r"|stop following|pay no attention to|ignora|ignoren?|ignorez|olvida|descarta|desconsidere"
    r"|esque[cç][ae]|oublie[rz]?|ne tiens pas compte|ignoriere?n?|vergiss|vergessen sie|missachte"
    r"|dimentica|trascura|negeer|vergeet|zignoruj|zapomnij|pomiń|игнорируй\w{0,2}|забудь\w{0,2}"
    r"|проигнорируй|abaikan|lupakan|bỏ qua|phớt lờ|huwag pansinin|kalimutan|تجاهل|انس)"
)
_BEFORE_WORDS = (
    r"(?:previous|prior|above|earlier|preceding|initial|original|existing|your|all|any|system"
    r"|anterior\w{0,3}|previ[ao]s|préc[eé]dent\w{0,2}|ci-dessus|vorherig\w{0,2}|bisherig\w{0,2}"
    r"|obig\w{0,2}|precedent\w|vorige|eerdere|bovenstaande|poprzednie|wcześniejsze|powyższe"
    r"|предыдущи\w{1,2}|прежни\w{1,2}|sebelumnya|di atas|السابقة|أعلاه|पिछले|trước|nakaraang)"
)
_NOT_MINE = r"(?! (?:my|our|mis?|meus?|minhas?|mes|mon|meine?n?|mie|mijn|moje|мои)\b)"
"""Customers take back what they themselves said."""
_OVERRIDE = re.compile(
    rf"(?<!\w){_DROP_WORDS}\b{_NOT_MINE}[^.!?\n]{{0,40}}?\b{_BEFORE_WORDS}[^.!?\n]{{0,25}}?"
    rf"\b{_RULES_WORDS}"
    rf"|(?<!\w){_DROP_WORDS}\b{_NOT_MINE}[^.!?\n]{{0,30}}?\b{_RULES_WORDS}[^.!?\n]{{0,20}}?"
    rf"\b{_BEFORE_WORDS}"
    r"|(?<!\w)(?:ignore|disregard|forget|overlook)\b(?: all| everything| anything){1,2}"
    r"(?: that)? (?:you|was|above|before)\b"
    r"|(?:önceki|yukarıdaki)[^.!?\n]{0,30}(?:talimat|kural|yönerge|emir)\w{0,10}[^.!?\n]{0,20}"
    r"(?:yok say|unut|görmezden)"
    r"|(?:以前|前|上記|これまで)の[^。\n]{0,12}(?:指示|命令|ルール|規則)[^。\n]{0,6}(?:無視|忘れ)"
    r"|(?:忽略|忘记|忘掉|无视)[^。\n]{0,10}(?:指令|指示|规则|命令|提示)"
    r"|(?:이전|위|앞)의?[^.\n]{0,12}(?:지시|지침|명령|규칙)[^.\n]{0,8}(?:무시|잊)"
    r"|(?:पिछले|पहले)[^।\n]{0,20}(?:निर्देश|नियम|आदेश)[^।\n]{0,20}(?:अनदेखा|भूल|नज़रअंदाज़)"
    r"|(?:আগের|পূর্ববর্তী)[^।\n]{0,20}(?:নির্দেশ|নিয়ম)[^।\n]{0,20}(?:উপেক্ষা|ভুলে)"
    r"|(?:ละเว้น|ลืม|เพิกเฉย)[^\n]{0,6}(?:คำสั่ง|คำแนะนำ|กฎ)[^\n]{0,6}(?:ก่อนหน้า|ข้างต้น|ทั้งหมด)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:you are (?:now|no longer) (?:dan\b|bound by|in \w{1,12} mode|an? (?:\w{1,15} ){0,2}"
    r"(?:ai|assistant|bot|chatbot|model|hacker|pirate|terminal|character)\b)"
    r"|from now on,? (?:you are|act as|behave|respond (?:as|only|in)|answer (?:as|only|in))\b"
    r"|(?:act|behave|respond|answer|pretend|role-?play|imagine you are)\b[^.!?\n]{0,80}?"
    r"\b(?:unrestricted|uncensored|unfiltered|jailbr\w{1,8}|DAN\b|no (?:rules|restrictions|filters"
    r"|limits|limitations|ethics)|without (?:any )?(?:rules|restrictions|filters|limits|limitations"
    r"|ethics|censorship)|never refuses?|evil|amoral)"
    r"|(?:god|sudo|jailbreak|unrestricted|dan) mode\b"
    r"|(?:do|say) anything now\b|stay in character|(?:break|broken) free of"
    r"|(?:a partir de ahora|a partir de agora|à partir de maintenant|désormais|ab jetzt|von nun an"
    r"|d['’]ora in poi|vanaf nu|od teraz|с этого момента|отныне|mulai sekarang|bundan sonra),? "
    r"(?:eres|actúa|você é|tu es|agis|bist du|sei|ben je|jesteś|ты|kamu|anda)\b)",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"(?:^|\n)[ \t>*#]{0,6}(?:system|assistant|developer)(?: (?:message|prompt|note|override))?"
    r"\*{0,2}[ \t]{0,3}[:>]|###[ ]{0,2}(?:system|instructions?|assistant)\b",
    re.IGNORECASE,
)
_MANY_SHOT = re.compile(
    r"(?:\b(?:q|user|human)\s{0,2}:[^\n]{1,300}?\b(?:a|assistant|ai|bot)\s{0,2}:[^\n]{1,300}?){2}",
    re.IGNORECASE,
)
_DELIMITER = re.compile(
    r"<\|[a-z_]{2,20}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|user_input|user|instructions?|prompt"
    r"|context|assistant)(?:_prompt|_message)?>"
    r"|[-=#*]{2,10} ?(?:end|begin|start)(?: of)? (?:the )?(?:system|user|prompt|input|instructions?"
    r"|context)",
    re.IGNORECASE,
)
_PROMPT_WORDS = (
    r"(?:(?:system|initial|hidden|secret|starting|developer|internal) (?:prompt|message"
    r"|instructions?|rules|guidelines)|original prompt|pre-?prompts?\b"
    r"|your (?:prompts?|directives)\b|prompt (?:del |do |di )?sistema|prompt système"
    r"|system-?prompts?\b|системный промпт|系统提示"
    r"|システムプロンプト|시스템 프롬프트)"
)
_EXTRACTION = re.compile(
    r"\b(?:reveal|show|print|output|repeat|tell|give|display|write|share|list|disclose|recite"
    r"|dump|leak|quote|copy|paste|summari[sz]e|translate|encode|paraphrase|what (?:is|are|was|were)"
    r"|muestra|muéstrame|dime|mostre|montre|zeig\w{0,2}|mostra\w{0,2}|toon|pokaż|покажи)\b"
    rf"[^.!?\n]{{0,40}}?\b{_PROMPT_WORDS}"
    r"|\b(?:repeat|print|output|show|write|display)\b[^.!?\n]{0,30}\b(?:words|text|lines|everything"
    r"|message|sentences)\b[^.!?\n]{0,15}\b(?:above|before this|in your context|so far)\b"
    r"|\bwhat (?:were you|are you) (?:told|instructed|programmed|prompted)\b"
    r"|(?:システムプロンプト|系统提示词?|시스템 프롬프트)[^。\n]{0,6}(?:表示|見せ|显示|透露|보여)",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:what(?:['’]s| is)|tell me|give me|share|reveal|say|spell|write|need|want)\b"
    r"[^.!?\n]{0,15}?\b(?:your|the) (?:secret(?: key| word| phrase)?|passphrase|admin password"
    r"|master key|secret password)\b"
    r"|\b(?:what(?:['’]s| is)|tell me|give me|share|need|want|reveal) your (?:password|pin|api key"
    r"|access code)\b",
    re.IGNORECASE,
)
_OBEDIENCE = re.compile(
    r"\b(?:end|begin|start|finish|conclude) (?:each|every|all|your) (?:\w{1,12} )?(?:response"
    r"|repl(?:y|ies)|answer|message|sentence)s? with\b"
    r"|\bagree (?:with|to) (?:anything|everything|whatever|all)\b"
    r"|\b(?:say|repeat|respond|reply|answer)\b[^.!?\n]{0,60}\b(?:and nothing else|no matter what"
    r"|regardless of how|only with)\b|\blegally binding offer\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    telling: frozenset[str]
    """Words without one of which the pattern finds nothing in Latin letters; none: it is tried."""


def _rule(pattern: re.Pattern[str], telling: str) -> _Rule:
    return _Rule(pattern, frozenset(telling.split()))


RULES: Final[Mapping[str, _Rule]] = MappingProxyType(
    {
        "override": _rule(
            _OVERRIDE,
            """
            ignore disregard forget overlook override bypass discard follow following attention
            ignora ignoren ignore ignorez olvida descarta desconsidere esquece esqueca esqueça
            esqueçe oublie oublier oubliez tiens ignorier ignoriere ignorieren vergiss vergessen
            missachte dimentica trascura negeer vergeet zignoruj zapomnij pomiń abaikan lupakan bỏ
            phớt pansinin kalimutan
            """,
        ),
        "role": _rule(
            _ROLE,
            """
            now longer act behave respond answer pretend role roleplay imagine mode stay break
            broken ahora agora maintenant désormais jetzt nun ora nu teraz sekarang sonra
            """,
        ),
        "fake_turn": _rule(_TURN, "system assistant developer instruction instructions"),
        "many_shot": _rule(_MANY_SHOT, "q user human"),
        "delimiter": _rule(_DELIMITER, ""),
        "extraction": _rule(
            _EXTRACTION,
            """
            system initial hidden secret starting developer internal original pre prompt prompts
            preprompt preprompts systemprompt systemprompts directives above before
            context far told instructed programmed prompted
            """,
        ),
        "secret": _rule(_SECRET, "secret passphrase admin master password pin api access"),
        "obedience": _rule(
            _OBEDIENCE,
            "end begin start finish conclude agree nothing matter regardless only binding",
        ),
    }
)
_UNTOLD = re.compile("[\u0400-\u1dff\u2e80-\U0010ffff]")
_BEGINNINGS = ("önceki", "yukaridaki")
"""Other letters, and beginnings of words in :func:`caseless` form: every pattern is tried."""
_SPACED = re.compile(r"(?<!\w)\w(?:[ ._*-]{1,3}\w(?!\w)){9,300}")
_SQUEEZED = re.compile(
    r"(?:ignore|disregard|forget|reveal|show|tell)(?:me|all|the|your|previous|prior|above|system){1,5}"
    r"(?:instructions|rules|prompt|password|secret)",
    re.IGNORECASE,
)
_BACKWARDS = ("snoitcurtsni", "tpmorp", "drowssap", "erongi")
_ROTATED = ("vafgehpgvba", "cebzcg", "cnffjbeq", "vtaber", "frperg")
_LONGEST = 40
"""Characters of a word."""
_FEWEST_TOKENS = 40
_LEAST_VARIETY = 0.15


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that a passage breaks."""

    rule: str
    start: int
    end: int


def find_attacks(text: str) -> Iterator[RuleHit]:
    """Find what the rules know in folded text: as it stands, encoded, and as a flood of words."""
    yield from _plain(text)
    for clear, start, end in _decoded(text):
        if next(_plain(clear), None) is not None:
            yield RuleHit("smuggled", start, end)
    for match in _SPACED.finditer(text):
        if _SQUEEZED.search(re.sub(r"[ ._*-]", "", match[0])):
            yield RuleHit("smuggled", *match.span())
    tokens = text.split()
    if len(tokens) > _FEWEST_TOKENS and len(set(tokens)) < len(tokens) * _LEAST_VARIETY:
        word, _ = Counter(tokens).most_common(1)[0]
        yield RuleHit("repetition", text.find(word), len(text.rstrip()))


def _plain(text: str) -> Iterator[RuleHit]:
    lowered = caseless(text)
    untold = any(word in lowered for word in _BEGINNINGS) or (
        not text.isascii() and _UNTOLD.search(text)
    )
    words = frozenset(cut(plain(lowered), _LONGEST))
    for name, rule in RULES.items():
        if untold or not rule.telling or not rule.telling.isdisjoint(words):
            for match in rule.pattern.finditer(text):
                yield RuleHit(name, *match.span())


def _decoded(text: str) -> Iterator[tuple[str, int, int]]:
    """Other readings of a text, each with the span it was read from."""
    yield from blocks(text)
    lowered = caseless(text)
    if any(word in lowered for word in _BACKWARDS):
        yield backwards(text), 0, len(text)
    if any(word in lowered for word in _ROTATED):
        yield rotated(text), 0, len(text)
