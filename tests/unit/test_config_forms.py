"""Fields that a site adds to the forms, from its configuration."""

from typing import get_args, get_type_hints

import pytest

from detector import governance
from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.config.sections.governing import FormField
from store import forms
from store.fields import Gate, Kind
from store.forms import FormName
from store.incident import Track

GOOD = '[[form_field]]\nform = "report"\nname = "ticket"\nkind = "line"\nneeded_by = "reporting/in_review"\n'


def test_a_site_field_is_asked() -> None:
    """A field of the configuration is asked by its form, and needed by its move."""
    config = build([parse("config.toml", GOOD.encode())], {}).config
    asked = governance.forms(config)
    assert "ticket" in forms.missing(asked[FormName.REPORT], {}, Track.LIGHT, Gate.IN_REVIEW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + GOOD, "form_field[2]: the form has a field of that name"),
        (GOOD.replace("ticket", "title"), "form_field[1]: the form has a field of that name"),
        (GOOD.replace("ticket", "Two words"), "form_field[1]: a name has small letters"),
        (GOOD.replace('"line"', '"choice"'), "form_field[1]: choices belong to the kind choice"),
        (GOOD + 'choices = ["a"]\n', "form_field[1]: choices belong to the kind choice"),
        (GOOD.replace('"line"', '"rows"'), "form_field[1].kind"),
        (GOOD.replace('"report"', '"rapport"'), "form_field[1].form"),
        (GOOD.replace("in_review", "review"), "form_field[1].needed_by"),
    ],
)
def test_wrong_site_fields(text: str, said: str) -> None:
    """What cannot be asked is refused with its place."""
    with pytest.raises(ConfigErrors) as refused:
        build([parse("config.toml", text.encode())], {})
    assert said in str(refused.value)


def test_the_words_are_those_of_the_forms() -> None:
    """The configuration takes each kind but tables, and each move but the opening, that the forms know."""
    hints = get_type_hints(FormField)
    assert set(get_args(hints["kind"])) == {kind.value for kind in Kind} - {"rows"}
    assert set(get_args(hints["needed_by"])) == {gate.value for gate in Gate} - {"open"} | {""}
