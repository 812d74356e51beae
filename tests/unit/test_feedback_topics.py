"""Reports about the same are told by what they say, and by nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import START

from rules.formats.format import Context
from rules.formats.ours.handed_in import HandedIn
from rules.intake.alert import NotAccepted
from rules.intake.feedback import report
from rules.intake.topics import LONGEST, MOST_CHARS, UNNAMED, component_of, topic_of


@pytest.mark.parametrize(
    ("thing", "texts"),
    [
        (
            "checkout",
            [
                "Checkout fails",
                "the CHECK-OUT is broken!!!",
                "check out does not work since this morning",
                "I cannot pay (3)",
                "My payment does not go through",
                "Checking out gives an error 500",
                "Die Kasse geht nicht",
                "\uff23\uff28\uff25\uff23\uff2b\uff2f\uff35\uff34 is down",
                "Che\u0301cko\u200but is down",
            ],
        ),
        ("login", ["I can't log in", "Login broken", "sign-in loops for ever", "it does not take my password"]),
        ("email", ["No e-mail arrives", "Emails are late", "your mails never come"]),
        ("thermostat", ["The thermostat is dead", "Thermostats broken again?", "cannot use my THERMOSTAT"]),
        ("结账失败", ["结账失败", "结账失败!"]),
        (UNNAMED, ["", "It does not work!", "broken", "42", "?!", "\u200b"]),
    ],
)
def test_what_says_the_same_in_other_words_is_one_topic(thing: str, texts: list[str]) -> None:
    """Capitals, marks, hyphens, numbers, accents and courtesy do not tell reports apart."""
    assert {topic_of(text).name for text in texts} == {thing}


def test_what_is_about_other_things_is_not_joined() -> None:
    """Though the complaint is the same; and a word that only begins like another is another."""
    texts = ["checkout fails", "search fails", "login fails", "the export fails", "an important letter", "maple leaves"]
    assert len({topic_of(text).name for text in texts}) == len(texts)


def test_the_component_that_is_named_decides() -> None:
    """It is spelt in one way, and what the text speaks of beside does not matter."""
    assert topic_of("I cannot pay", "Search API 2").name == "search api 2"
    assert topic_of("nothing happens", "Check-Out") == topic_of("Checkout fails")
    for written, component in (("", UNNAMED), (" - ", UNNAMED), ("CHECKOUT ", "checkout"), ("api2", "api2")):
        assert component_of(written) == component


def test_only_a_thing_is_compared_with_components_elsewhere() -> None:
    """A word that somebody happened to use is no component."""
    fields = [
        HandedIn().parse(json.dumps({"tocsin": "feedback", "text": text}), Context(reference=START))
        for text in ("checkout fails", "the thermostat is dead")
    ]
    assert [one and one.fields.get("service.name") for one in fields] == ["checkout", None]


@pytest.mark.parametrize(
    "text",
    ["a" * 2**20, "\ufdfa" * 2**20, "checkout " * 200_000, "\u0301" * 2**20, "x y " * 300_000, "\ud800\0" * 5_000],
    ids=["one word", "grows when normalised", "repeated", "marks alone", "letters", "broken"],
)
def test_a_hostile_text_costs_no_more_than_its_beginning(text: str) -> None:
    """Only so much of it is looked at, and what comes out is short."""
    assert topic_of(text) == topic_of(text[:MOST_CHARS])
    assert len(topic_of(text).name) <= LONGEST
    assert len(component_of(text)) <= 100


@given(st.text(max_size=80), st.text(max_size=20))
@settings(max_examples=50)
def test_any_text_has_one_topic(text: str, component: str) -> None:
    """The same each time, never empty, and not another one for its capitals or blanks."""
    name = topic_of(text, component).name
    assert name == topic_of(f"  {text} ", component).name
    assert name == name.strip() != ""


def test_a_contact_is_kept_only_with_consent() -> None:
    """A program that sends one without is told; nothing is kept of it."""
    with pytest.raises(NotAccepted) as refused:
        report(b'{"text": "it fails", "contact": "kim@example.org"}')
    assert refused.value.missing == ("consent",)
    assert report(b'{"text": "it fails", "contact": "kim@example.org", "consent": true}').contact
