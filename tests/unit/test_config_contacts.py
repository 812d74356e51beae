"""Contacts of the configuration: who can be asked from outside, and up to which label."""

import pytest

from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.settings import build as settings_of
from store.incident import Tlp
from store.people import Contact, ContactKind

ROUTES = '[[receiver]]\nname = "r"\nurl = "tocsin-console://"\n[[route]]\nreceiver = ["r"]\n'


def contacts(text: str) -> tuple[Contact, ...]:
    """What a configuration with *text* knows of contacts."""
    return settings_of(build([parse("config.toml", f"{ROUTES}{text}".encode())], {}).config).contacts


def test_a_contact() -> None:
    """What is left out is as little as can be asked of anybody; the rest is as it is written."""
    first, second = contacts(
        '[[contact]]\nid = "acme"\n'
        '[[contact]]\nid = "cert"\nname = "CERT"\nkind = "authority"\nlanguage = "de"\n'
        'assets = ["web*"]\naddress = "+49 1"\nmax_tlp = "AMBER+STRICT"\n'
    )
    assert first == Contact(id="acme", name="acme", from_config=True)
    assert (second.kind, second.max_tlp) == (ContactKind.AUTHORITY, Tlp.AMBER_STRICT)
    assert (second.name, second.language, second.assets, second.address) == ("CERT", "de", ("web*",), "+49 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[contact]]\nid = "a"\n[[contact]]\nid = "a"\n', 'contact[2].id "a" is taken by contact[1]'),
        ('[[contact]]\nid = "a"\nmax_tlp = "PINK"\n', "PINK"),
        ('[[contact]]\nid = "a"\nkind = "friend"\n', "friend"),
        ('[[contact]]\nname = "a"\n', "id"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    """With the place where it stands."""
    with pytest.raises(ConfigErrors) as refused:
        contacts(text)
    assert said in str(refused.value)
