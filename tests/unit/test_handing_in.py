"""What `tocsin check` says of intakes that need more than a secret: all at once, each with its place."""

from pathlib import Path

import pytest

from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.intake import mappings
from detector.intake.settings import Proof
from detector.settings import build as settings_of

BASE = '[[intake]]\nname = "a"\nkind = "mapped"\nproof = "none"\n'
BROKEN = """\
nam = ["{a"]
key = ["{a..b}", 3]
each = "alerts[x]"
resolved = [{path = "a b", is = ["yes"]}]

[status]
frm = ["state"]
resolved = ["ok"]
otherwise = "fring"

[severity]
criticl = ["5"]

[labels]
host = "{host}"
rack = ["{rack"]
"""


def problems(text: str) -> list[str]:
    """First lines of what is wrong."""
    try:
        build([parse("config.toml", text.encode())], {})
    except ConfigErrors as error:
        return [str(one).partition("\n")[0] for one in error.problems if one.level == "error"]
    return []


def test_a_mapping_with_many_faults(tmp_path: Path) -> None:
    """All are told, with file, line, column, and the name that was probably meant."""
    file = tmp_path / "m.toml"
    file.write_text(BROKEN)
    found = [one for one in problems(f'{BASE}mapping = "{file}"\n') if one.startswith(str(file))]
    places = [one.removeprefix(str(file)).partition(" error:")[0].strip(":") for one in found]
    assert places == ["1:1", "2:8", "2:18", "3:8", "4:21", "7:1", "8:12", "9:13", "12:1", "15:1", "16:9", ""]
    told = "\n".join(found)
    for said in (
        "name is missing",
        'unknown key nam; did you mean "name"?',
        'key[1] "{a..b}": expected a name at character 3',
        "key[2] must be a string, not an integer",
        'each "alerts[x]": expected "[0]", "[-1]" or "[*]" at character 7',
        'did you mean "from"?',
        'status.otherwise cannot be "fring"; did you mean "firing"?',
        'unknown key severity.criticl; did you mean "critical"?',
        "labels.host must be an array of strings",
        'labels.rack[1] "{rack"',
    ):
        assert said in told


@pytest.mark.parametrize(
    ("options", "place", "said"),
    [
        ("", "1:3", "has no mapping"),
        ('preset = "grafna"', "5:10", 'there is no preset "grafna"; did you mean "grafana"?'),
        ('preset = "grafana"\nmapping = "m.toml"', "6:1", "are both given"),
        ('mapping = "nowhere.toml"', "5:11", 'there is no file "nowhere.toml"'),
        ('preset = "grafana"\nsigned = "{body}"', "6:10", "must hold {timestamp} and {body}"),
    ],
)
def test_one_fault(options: str, place: str, said: str) -> None:
    [found] = problems(f"{BASE}{options}\n")
    assert found.startswith(f"config.toml:{place}: error:")
    assert said in found


def test_a_preset_says_nothing_to_another_kind() -> None:
    [found] = problems('[[intake]]\nname = "a"\nkind = "logs"\nproof = "none"\npreset = "grafana"\n')
    assert 'says nothing to an intake of the kind "logs"' in found


def test_what_sns_needs(tmp_path: Path) -> None:
    """Its topics and its certificate; no secret."""
    text = BASE.replace('"none"', '"sns"') + 'preset = "cloudwatch-sns"\n'
    topics, certificate = problems(text)
    assert "topics is missing" in topics
    assert "certificate_file is missing" in certificate
    broken = tmp_path / "c.pem"
    broken.write_text("none")
    [found] = problems(f'{text}topics = ["arn:aws:sns:x"]\ncertificate_file = "{broken}"\n')
    assert "holds no certificate that can be used" in found


@pytest.mark.parametrize(
    ("intake", "http", "is_warned"),
    [
        ("", "", False),
        ("", '[http]\nbase_url = "http://127.0.0.1:8787"\n', False),
        ("", '[http]\nbase_url = "https://tocsin.example.org"\n', True),
        ("", '[http]\nbase_url = "https://tocsin.example.org"\nlisten = "192.0.2.1:8787"\n', False),
        ('networks = ["192.0.2.0/24"]\n', '[http]\nbase_url = "https://tocsin.example.org"\n', False),
    ],
)
def test_behind_a_proxy_everybody_stands_on_this_machine(intake: str, http: str, is_warned: bool) -> None:
    """Who needs no proof here needs none anywhere then."""
    text = f'{BASE}preset = "grafana"\n{intake}{http}'
    told = [one.message for one in build([parse("config.toml", text.encode())], {}).warnings]
    assert any("lets in whoever reaches the proxy" in one for one in told) is is_warned


def test_what_is_right_is_put_in_force(tmp_path: Path) -> None:
    """A mapping of one's own, and a signature with a time; the same file read again is no change."""
    file = tmp_path / "m.toml"
    file.write_text('name = ["{title}"]\n[labels]\nhost = ["{host}"]\n')
    text = BASE.replace('proof = "none"', 'proof = "hmac"\nsecret = "s"\ntimestamp_header = "X-Time"')
    config = build([parse("config.toml", f'{text}mapping = "{file}"\n'.encode())], {}).config
    first, again = settings_of(config).intakes["a"], settings_of(config).intakes["a"]
    assert first == again
    assert first.mapping is not None
    assert (first.proof, first.timestamp_header, list(first.mapping.labels)) == (Proof.HMAC, "X-Time", ["host"])
    file.write_text('name = ["{other}"]\n')
    assert settings_of(config).intakes["a"] != first
    file.write_text("name = 3")
    with pytest.raises(ConfigErrors, match="must be an array of strings"):
        settings_of(config)


def test_presets_are_those_of_the_documents() -> None:
    """Each is found where it is installed, and can be copied: it is a file like one's own."""
    assert mappings.presets() == ("cloudwatch-sns", "grafana", "uptime-kuma", "zabbix")
    for name in mappings.presets():
        assert mappings.load(mappings.folder() / f"{name}.toml") == mappings.preset(name)
