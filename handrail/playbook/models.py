"""The playbook's models. Strict: an unknown key is an error with its line and column."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from handrail.core.conversation import FieldType, Mode, Visibility
from handrail.core.drafting import PersonRole
from handrail.playbook.wording import Manner, Style, Words, closest

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""A short name: lower case letters, digits, underscores."""

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 code."""

Conditions = dict[str, str | tuple[str, ...]]
"""Values that record fields must have, ``{order.status: [shipped, delivered]}``; all must hold."""


_QUOTE: Words = {
    "en": 'From our help page "{{title}}":',
    "es": "De nuestra página de ayuda «{{title}}»:",
}
_GREETED: Words = {"en": "How can we help you?", "es": "¿En qué podemos ayudarte?"}
_THANKED: Words = {
    "en": "You are welcome. Write again whenever you need something.",
    "es": "De nada. Escríbenos otra vez cuando lo necesites.",
}
_WHICH_INTENT: Words = {
    "en": "I want to be sure I help with the right thing. Do you mean: {{options}}?",
    "es": "Quiero asegurarme de ayudar con lo correcto. ¿Se trata de: {{options}}?",
}
_WHICH_RECORD: Words = {
    "en": "Which {{kind}} is it about: {{options}}?",
    "es": "¿De qué {{kind}} se trata: {{options}}?",
}


class Strict(BaseModel):
    """A part of the playbook."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Brand(Strict):
    """Who is speaking."""

    name: str
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    """Languages the team answers in, the default first; BCP 47."""
    links: tuple[str, ...] = ()
    """Hosts that replies may link to; subdomains included."""
    currency: CurrencyCode = "EUR"
    """ISO 4217 code of amounts written without one."""
    region: str = "US"
    """ISO 3166 code; how dates and amounts are written, and telephone numbers without a country
    are read."""

    def answers_in(self, language: str | None) -> str:
        """Return the language a customer of this one is answered in."""
        return closest(language, self.languages) or self.languages[0]


class Tone(Strict):
    """How the brand sounds."""

    style: Style = "plain"
    """Which style of a text is said, where there are several."""
    greeting: Words = ""
    """Opens the first reply of a conversation; left out where one of its fields is unknown."""
    signature: Words = ""
    """Closes replies by e-mail."""
    apology: Words = ""
    """Opens replies of templates that say sorry; once in a conversation."""
    quote: Words = Field(default=_QUOTE)
    """Introduces a quoted passage of an article."""
    forbidden: tuple[str, ...] = ()
    """Words a reply must not hold."""
    competitors: tuple[str, ...] = ()
    """Names of competitors, which a reply does not speak of."""
    max_chars: int = Field(default=1200, ge=50)
    """Longest reply, in characters."""


class Template(Strict):
    """A reply with fields, for one situation of an intent."""

    text: Words
    """Fields in double braces: ``{{order.total}}``, ``{{customer.name}}``, ``{{brand.name}}``."""
    when: Conditions = Field(default_factory=dict)
    """When this reply is right, by the customer's records."""
    articles: tuple[str, ...] = ()
    """Ids of articles this reply relies on; it is not sent while one of them is not valid."""
    apology: bool = False
    """Opens with the tone's apology."""
    next_step: Words = ""
    """Closes the reply: what happens next, and who does it."""


class Intent(Strict):
    """Something customers want, and how it is answered."""

    description: Words
    examples: tuple[str, ...] = Field(min_length=2)
    """What customers write who want this."""
    translated_examples: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The same in the brand's other languages, by language."""
    mode: Mode
    risk: Literal["low", "medium", "high"] = "low"
    """High risk tightens an autonomous mode to supervised."""
    needs: tuple[Name, ...] = ()
    """Kinds of record without which it cannot be answered: ``order``."""
    about: Conditions = Field(default_factory=dict)
    """Which of several records is meant where the customer names none: the only one with these
    values. Where none or several have them, the customer is asked."""
    templates: tuple[Template, ...] = ()
    """Tried in order; the first whose conditions hold and whose fields are all there is used."""
    articles: tuple[str, ...] = ()
    """Articles to prefer when searching."""
    escalate: bool = False
    """Always a person's."""
    team: Name | None = None
    """Who reviews and answers it; the first team where left out."""


class Thresholds(Strict):
    """When an intent is sure enough to act on."""

    accept: float = Field(default=0.55, ge=0, le=1)
    """Calibrated probability from which the AI acts on the intent."""
    clarify: float = Field(default=0.3, ge=0, le=1)
    """Probability from which it asks the customer; below it asks a person."""
    out_of_scope: float = Field(default=0.5, ge=0, le=1)
    """Out-of-scope score from which a person is asked whatever the intent."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.clarify > self.accept:
            raise ValueError("clarify must not be above accept; lower it")
        return self


class Clarify(Strict):
    """The clarifying question."""

    text: Words = Field(default=_WHICH_INTENT)
    record: Words = Field(default=_WHICH_RECORD)
    """Asks which of several records is meant; ``kind`` is its label, ``options`` their numbers."""
    limit: int = Field(default=1, ge=0)
    """Questions in a row before a person is asked."""


class CourtesyReplies(Strict):
    """What a customer is told who only greets or thanks."""

    greeting: Words = Field(default=_GREETED)
    thanks: Words = Field(default=_THANKED)
    mode: Mode | None = None
    """Whether that may leave by itself; as in ``default_mode`` where left out."""


Promise = Literal["refund", "discount", "credit", "waiver", "replacement", "legal_admission"]
"""What may be promised only within limits."""


class Limit(Strict):
    """What may be promised without asking anybody."""

    action: Promise
    amount: Decimal | None = Field(default=None, ge=0)
    """Largest amount, of one reply in all; ``None`` is no limit, 0 is never."""
    percent: Decimal | None = Field(default=None, ge=0, le=100)
    """Largest share of a price; where left out, an amount in money does not allow a share."""
    currency: CurrencyCode | None = None
    """Of ``amount``; a limit for each currency may stand beside the others."""
    role: Literal["ai", "agent", "lead"] = "ai"
    """Who it binds. People whose role has no limit for an action may promise it."""
    modes: tuple[Mode, ...] = ()
    """Modes it holds in, and there before limits that name none; all where left out."""


class Guardrails(Strict):
    """Settings of the exit guardrails."""

    checks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Settings by check id; ``enabled: false`` switches one off."""
    repairs: int = Field(default=2, ge=0, le=5)
    """Repair rounds before a person is asked."""
    timeout_ms: int = Field(default=2000, ge=10)
    """Longest time one check may take, in milliseconds."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; write an IANA name such as Europe/Madrid"
        ) from error
    return name


class Hours(Strict):
    """When a team works."""

    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """IANA name."""
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
    )
    """Days on which a shift begins."""
    opens: time = time(9)
    closes: time = time(18)
    """Not later than ``opens``: on the next day. The same time is round the clock."""
    holidays: tuple[date, ...] = ()
    """Days on which no shift begins."""


class OtherTeam(Strict):
    """The fallback that moves a review."""

    other_team: Name


class Team(Strict):
    """People who review and answer."""

    label: Words = ""
    """What people at the desk read; the name where left out."""
    leads: tuple[str, ...] = ()
    """Names of those who lead, as the desk's sign-in has them; everybody else is an agent."""
    hours: Hours = Hours()
    review_minutes: int = Field(default=30, ge=1)
    """Working minutes until a review is due."""
    remind_minutes: int | None = Field(default=None, ge=1)
    """Working minutes until the team is reminded of a review; not at all where left out."""
    fallback: Literal["keep_waiting", "holding_reply"] | OtherTeam = "keep_waiting"
    """What happens when a review is due and nobody has decided it."""

    @model_validator(mode="after")
    def _reminded_first(self) -> Self:
        if self.remind_minutes is not None and self.remind_minutes >= self.review_minutes:
            raise ValueError("remind_minutes must be below review_minutes; lower it")
        return self


class Conversations(Strict):
    """How long a conversation goes on."""

    close_after_hours: float | None = Field(default=None, gt=0)
    """Hours of silence after which the AI's conversations are closed; never where left out."""
    reopen_within_days: float = Field(default=14, ge=0)
    """Days after closing in which a new message goes on with the same conversation."""


class Sending(Strict):
    """How replies leave."""

    undo_seconds: float = Field(default=5, ge=0)
    """How long a reply that a person decided can be called back, in seconds."""


class RecordField(Strict):
    """One field of a kind of record."""

    type: FieldType
    label: Words = ""
    """What people at the desk read; the name where left out."""
    currency: CurrencyCode | None = None
    """Of money fields that name none; the brand's where left out."""
    visibility: Visibility = "customer"
    values: dict[str, Words] = Field(default_factory=dict)
    """How customers read its values: ``{out_for_delivery: {en: on its way, es: en reparto}}``."""


class RecordKind(Strict):
    """A kind of record, and how its fields are typed."""

    label: Words
    """What customers call it: ``order``."""
    fields: dict[Name, RecordField]


class Playbook(Strict):
    """Everything a team decides about its support, as one document."""

    schema_version: Literal[1] = 1
    brand: Brand
    tone: Tone = Tone()
    intents: dict[Name, Intent] = Field(min_length=1)
    default_mode: Mode = "supervised"
    """For messages without an accepted intent, and tightened further from there."""
    thresholds: Thresholds = Thresholds()
    clarify: Clarify = Clarify()
    courtesy: CourtesyReplies = CourtesyReplies()
    limits: tuple[Limit, ...] = ()
    guardrails: Guardrails = Guardrails()
    teams: dict[Name, Team] = Field(default_factory=lambda: {"support": Team()}, min_length=1)
    sending: Sending = Sending()
    conversations: Conversations = Conversations()
    records: dict[Name, RecordKind] = Field(default_factory=dict)
    sign_in_reply: Words = ""
    """Asks a customer whose identity is not verified to sign in, where records are needed."""
    human_request_reply: Words = ""
    """Sent by nobody but a person; shown to the agent when the customer asks for a person."""
    crisis_reply: Words = ""
    """Approved words for a crisis; suggested to the person who takes it."""
    holding_reply: Words = ""
    """Tells a customer that a person still works on it, where that is a team's fallback; plain
    words without fields."""

    def team_named(self, name: str | None) -> tuple[str, Team]:
        """Return a team with its name; the first where there is none of that name."""
        known = name if name in self.teams else None
        chosen = known or next(iter(self.teams))
        return chosen, self.teams[chosen]

    def has_example(self, text: str, likely: str | None = None) -> bool:
        """Tell whether a text is an example of an intent, in any language.

        The ``likely`` intent is looked at first.
        """
        first = [self.intents[likely]] if likely in self.intents else []
        return any(
            text in intent.examples
            or any(text in one for one in intent.translated_examples.values())
            for intent in chain(first, self.intents.values())
        )

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of all who lead a team."""
        return tuple(dict.fromkeys(name for team in self.teams.values() for name in team.leads))

    def role_of(self, person: str) -> PersonRole:
        """Return whether a person leads a team, in whose place they may do more than others."""
        return "lead" if person in self.leads else "agent"

    def examples_in(self, language: str) -> list[tuple[str, str]]:
        """Return the examples in one of the brand's languages, each with its intent."""
        first = language == self.brand.languages[0]
        return [
            (text, name)
            for name, intent in self.intents.items()
            for text in (intent.examples if first else intent.translated_examples.get(language, ()))
        ]

    @property
    def taught_languages(self) -> tuple[str, ...]:
        """Languages of the brand in which there are examples; the first always is one."""
        return tuple(name for name in self.brand.languages if self.examples_in(name))

    def manner(self, language: str | None, *, email: bool = False) -> Manner:
        """Return how a customer of a language is answered."""
        languages = self.brand.languages
        spoken = self.brand.answers_in(language)
        return Manner(spoken, languages[0], self.tone.style, email=email)


class Article(Strict):
    """A Markdown article with its front matter."""

    id: str
    """File name without its ending."""
    title: str
    body: str
    """Markdown."""
    language: str = "en"
    internal: bool = False
    """Informs people of the team, never reaches a customer."""
    audience: tuple[str, ...] = ()
    """Tiers of customers it is for; all of them where empty."""
    valid_from: date | None = None
    """First day on which it is true."""
    valid_to: date | None = None
    """Last day on which it is true."""
    review_by: date | None = None
    """Day by which somebody reads it again."""

    @property
    def topic(self) -> str:
        """Id without its language, under which playbooks name it in all languages."""
        return self.id.removesuffix(f".{self.language}")

    def is_for(self, tier: str | None) -> bool:
        """Whether it is for customers of a tier; ``None`` where that is not known."""
        return not self.audience or tier in self.audience

    def holds_on(self, day: date) -> bool:
        """Whether it is true on a day."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class Release(Strict):
    """One immutable version of a playbook with its articles."""

    id: str
    """``rel_`` and the first 16 hexadecimal digits of the digest of its content."""
    name: str
    playbook: Playbook
    articles: tuple[Article, ...]
    prompts: dict[str, str] = Field(default_factory=dict)
    """Prompts of the playbook's own for a language model, by name: ``reply``."""
