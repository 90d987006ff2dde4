"""Messages are read for one wish, several, a courtesy, or more of what was said before."""

from __future__ import annotations

import pytest

from handrail.core.drafting import IntentGuess, IntentResult
from handrail.language.clauses import clauses
from handrail.language.courtesy import acknowledges, courtesy
from handrail.language.features import words
from handrail.language.follow_ups import points_only, refers_back
from handrail.language.intents import IntentClassifier
from handrail.language.training import train_playbook
from handrail.language.wishes import Corrections, WishReader, reader
from handrail.playbook.models import Release

KEYS = {"order": "order_status", "refund": "refund_request", "return": "return_policy"}


class KeywordModel:
    """Accepts a message with exactly one of the key words; escalates one with none."""

    blocks = False

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        found = [intent for key, intent in KEYS.items() if key in text.casefold()]
        decision = {0: "escalate", 1: "accept"}.get(len(found), "clarify")
        ranked = tuple(IntentGuess(intent=i, probability=0.9 / len(found)) for i in found)
        facts = {"ranked": ranked, "out_of_scope": 0.0 if found else 1.0, "decision": decision}
        return IntentResult.model_validate({**facts, "model": "fake"})


@pytest.fixture(scope="module")
def wishes() -> WishReader:
    return WishReader(KeywordModel())


@pytest.fixture(scope="module")
def trained(release: Release) -> IntentClassifier:
    return train_playbook(release.playbook)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hi!", "greeting"),
        ("good morning", "greeting"),
        ("Hola, buenos días", "greeting"),
        ("thanks!", "thanks"),
        ("Thank you so much for your help 🙂", "thanks"),
        ("¡Muchas gracias por su ayuda!", "thanks"),
        ("no thanks, bye", "thanks"),
        ("Hi, can you help me please?", "greeting"),
        ("Tengo una pregunta", "greeting"),
        ("can you help me return a lamp", None),
        ("I need help with my order", None),
        ("yes", None),
        ("thanks for nothing", None),
        ("Hi, where is my order?", None),
        ("Gracias, ¿y mi pedido?", None),
        ("", None),
    ],
)
def test_courtesies_are_words_that_want_nothing(text: str, kind: str | None) -> None:
    assert courtesy(text) == kind


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Where is my order? I want a refund.", ["Where is my order?", "I want a refund."]),
        ("Hi! Where is my order?", ["Where is my order?"]),
        ("where is my order and also how do I return it", ["where is my order", None]),
        ("¿Dónde está mi pedido? Y también quiero un reembolso.", ["¿Dónde está mi pedido?", None]),
        ("I paid 12.50 for it. Really.", ["I paid 12.50 for it. Really."]),
        ("a mug and a lamp", ["a mug and a lamp"]),
    ],
)
def test_messages_split_where_another_matter_begins(text: str, parts: list[str | None]) -> None:
    found = [clause.text for clause in clauses(text)]
    assert len(found) == len(parts)
    assert all(want is None or want == got for want, got in zip(parts, found, strict=True))


def test_many_clauses_are_bounded() -> None:
    assert len(clauses("I want one thing. " * 5000)) <= 8


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("and the other one?", True),
        ("¿y el otro?", True),
        ("what about the tent?", True),
        ("where is my order", False),
        ("and " + "so much more to say " * 5, False),
    ],
)
def test_follow_ups_are_short_and_point_back(text: str, back: bool) -> None:
    assert refers_back(words(text)) is back


def test_several_intents_are_all_kept(wishes: WishReader) -> None:
    result = wishes.classify("Where is my order? And how do I return a lamp?")
    assert result.decision == "accept"
    assert {result.top, *result.others} == {"order_status", "return_policy"}


def test_each_wish_keeps_its_words_in_the_order_asked(wishes: WishReader) -> None:
    text = "I have LF1001 here. How do I return it? It is too big. And where is my order LF1002?"
    result = wishes.classify(text)
    assert [(wish.intent, wish.text) for wish in result.wishes] == [
        ("return_policy", "I have LF1001 here. How do I return it? It is too big."),
        ("order_status", "And where is my order LF1002?"),
    ]
    assert wishes.classify("Where is my order?").wishes == ()


def test_what_only_the_whole_says_is_kept_and_a_persons() -> None:
    taught = WishReader(KeywordModel(), Corrections.of([("order now. it broke, ok", "warranty")]))
    result = taught.classify("Order now. It broke, ok")
    assert (result.top, result.others, result.unclear) == ("warranty", ("order_status",), True)


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Where is my order? Can I refund an order?", False),
        ("Where is my order? Can I return a refund?", True),
    ],
)
def test_an_unclear_question_is_lost_where_no_wish_is_like_it(
    wishes: WishReader, text: str, *, lost: bool
) -> None:
    assert wishes.classify(text).unclear is lost


def test_a_remark_goes_with_the_wish_before_unless_it_is_grave() -> None:
    class First(KeywordModel):
        """Hears only of orders in words that speak of one."""

        def classify(self, text: str, *, before: str = "") -> IntentResult:
            return super().classify("order" if "order" in text.casefold() else text)

    text = "Where is my order? I would refund it."
    assert WishReader(First()).classify(text).others == ()
    grave = WishReader(First(), grave=("refund_request",)).classify(text)
    assert (grave.top, grave.others) == ("order_status", ("refund_request",))


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("and the other one?", True),
        ("what about LF1006?", True),
        ("¿y el segundo?", True),
        ("and the tent?", False),
        ("so what?", False),
        ("LF1007", True),
        ("where is my order", False),
        ("", False),
    ],
)
def test_messages_that_only_point_name_nothing(text: str, *, only: bool) -> None:
    assert points_only(words(text)) is only


def test_a_message_that_only_points_is_about_what_was_said_before() -> None:
    class Short(KeywordModel):
        """Understands no message of two lines."""

        def classify(self, text: str, *, before: str = "") -> IntentResult:
            return super().classify("" if "\n" in text else text)

    result = WishReader(Short()).classify("and LF1006?", before="where is my order")
    assert (result.top, result.read_with) == ("order_status", "where is my order")
    assert WishReader(Short()).classify("and Bo?", before="where is my order").top is None


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("ok", True),
        ("Got it, perfect", True),
        ("vale, entendido", True),
        ("yes", False),
        ("no", False),
        ("it", False),
        ("ok?", False),
        ("ok but where is my order", False),
        ("", False),
    ],
)
def test_words_that_only_say_that_we_were_heard(text: str, *, heard: bool) -> None:
    assert acknowledges(text) is heard


def test_a_question_that_fits_nothing_is_not_buried(wishes: WishReader) -> None:
    assert wishes.classify("Where is my order? Who is your boss there?").unclear
    assert not wishes.classify("It was my birthday last week. Where is my order?").unclear
    assert not wishes.classify("Where is my order?").unclear


def test_a_follow_up_is_read_with_what_was_said_before(wishes: WishReader) -> None:
    assert wishes.classify("and the other one?").decision == "escalate"
    result = wishes.classify("and the other one?", before="where is my order LF1001")
    assert (result.top, result.decision) == ("order_status", "accept")
    assert result.read_with == "where is my order LF1001"
    own = wishes.classify("and my refund?", before="where is my order LF1001")
    assert (own.top, own.read_with) == ("refund_request", None)


def test_courtesy_has_no_intent_and_no_question(wishes: WishReader) -> None:
    result = wishes.classify("thanks!")
    assert (result.courtesy, result.decision, result.top) == ("thanks", "accept", None)


def test_a_playbook_with_its_own_thanks_decides_itself(release: Release) -> None:
    first = next(iter(release.playbook.intents))
    intents = dict(release.playbook.intents)
    intents[first] = intents[first].model_copy(update={"examples": ("thanks", "thank you")})
    own = release.playbook.model_copy(update={"intents": intents})
    assert reader(KeywordModel(), release.playbook).classify("thanks").courtesy == "thanks"
    assert reader(KeywordModel(), own).classify("thanks").courtesy is None


def test_a_correction_holds_at_once_for_nearly_the_same_words() -> None:
    taught = WishReader(KeywordModel(), Corrections.of([("my order is a mess", "wrong_item")]))
    assert taught.classify("My order is a mess!").top == "wrong_item"
    assert taught.classify("My order is a mess!").decision == "accept"
    assert taught.classify("where is my order").top == "order_status"


def test_the_last_correction_of_a_text_counts() -> None:
    pairs = [("it broke", "warranty"), ("It broke!", "damaged_item")]
    assert Corrections.of(pairs).find("it broke") == ("damaged_item", "It broke!")


def test_corrections_towards_a_deleted_intent_are_left_out(release: Release) -> None:
    read = reader(KeywordModel(), release.playbook, [("my order is a mess", "deleted_intent")])
    assert read.classify("my order is a mess").top == "order_status"


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        (
            "Where is my order LF1001? And how long is the warranty on lanterns?",
            {"order_status", "warranty"},
        ),
        ("Please cancel LF1004. Also, what does shipping cost?", {"cancel_order", "shipping_cost"}),
        ("Where is my order LF1001?", {"order_status"}),
        ("Hi there! I hope you are well. The mug was broken when it arrived.", {"damaged_item"}),
    ],
)
def test_demo_messages_with_several_wishes(
    release: Release, trained: IntentClassifier, text: str, intents: set[str]
) -> None:
    result = reader(trained, release.playbook).classify(text)
    assert {result.top, *result.others} == intents


@pytest.mark.parametrize("text", ["No", "Nope!", "yes please", "Sí"])
def test_a_bare_answer_asks_for_nothing(
    trained: IntentClassifier, release: Release, text: str
) -> None:
    alone = reader(trained, release.playbook).classify(text)
    assert alone.decision == "escalate"
    after = reader(trained, release.playbook).classify(text, before="Where is my order?")
    assert after.read_with == "Where is my order?"
    assert after.top == "order_status"
