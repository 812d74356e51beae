"""What is said about a configuration that is wrong."""

# ruff: noqa: E501 (messages stand here as they are printed)

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.config.documents import Unreadable, parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors, Loaded
from detector.config.problems import Level
from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.sections.reading import Source
from detector.config.shape import Shaper

RECEIVER = """\
[[receiver]]
name = "console"
url = "tocsin-console://"
"""
SOURCE = ", ".join(one.encode_name for one in msgspec.structs.fields(Source))
ROUTE = """\
[[route]]
receiver = ["console"]
"""


def loaded(text: str, environment: Mapping[str, str] | None = None) -> Loaded:
    return build([parse("config.toml", text.encode())], environment or {})


def refused(text: str, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigErrors) as caught:
        loaded(text, environment)
    return str(caught.value)


def messages(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """The first line of each error, without its place."""
    with pytest.raises(ConfigErrors) as caught:
        loaded(text, environment)
    return [one.message for one in caught.value.problems if one.level is Level.ERROR]


def warnings(text: str) -> list[str]:
    return [one.message for one in loaded(text).warnings]


def test_all_errors_are_told_at_once_with_place_line_caret_and_hint() -> None:
    """Two errors of different kinds come in one answer, each under its line."""
    text = RECEIVER + ROUTE + '[[source]]\nname = "auth"\npath = 7\nfrom = "x"\n'
    assert refused(text) == dedent(f"""\
        config.toml:8:1: error: source[1].path must be a string or an array of strings, not an integer
          8 | path = 7
            | ^^^^ hint: quote it: path = "7"
        config.toml:9:1: error: unknown key source[1].from; did you mean "format"?   (allowed: {SOURCE})
          9 | from = "x"
            | ^^^^
        2 errors. Nothing was changed; the running daemon keeps its old configuration.""")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[http]\nlisten = 8787", "http.listen must be a string, not an integer", 'quote it: listen = "8787"'),
        (
            "[daemon]\nlog_level = true",
            "daemon.log_level must be a string, not a boolean",
            'quote it: log_level = "true"',
        ),
        (
            '[retention]\nraw_days = "7"',
            "retention.raw_days must be an integer, not a string",
            "without quotes: raw_days = 7",
        ),
        ("[retention]\nraw_days = 7.5", "retention.raw_days must be an integer, not a number", ""),
        ("[retention]\nraw_days = true", "retention.raw_days must be an integer, not a boolean", ""),
        ("[retention]\nraw_days = -1", "retention.raw_days must be at least 0, not -1", ""),
        (
            '[rules]\npaths = "bundled"',
            "rules.paths must be an array of strings, not a string",
            'put it in brackets: paths = ["bundled"]',
        ),
        ("[rules]\npaths = [1]", "rules.paths[1] must be a string, not an integer", 'quote it: "1"'),
        ("[[person]]\nid = ''", "person[1].id must not be empty", ""),
        ("[[process]]", "process must be a table, not an array", "write [process]"),
        ("[source]", "source must be an array of tables, not a table", "write [[source]]"),
        (
            "[daemon]\nstate_dir = 2024-01-01",
            "daemon.state_dir must be a string, not a date",
            'quote it: state_dir = "2024-01-01"',
        ),
        ('[process]\nfour_eyes = "waved"', 'process.four_eyes cannot be "waved"; did you mean "waived"?', ""),
        ("[sorce]", 'unknown key sorce; did you mean "source"?', ""),
        (
            '[daemon]\nstate_dir = "${env:X}"',
            "daemon.state_dir is no secret, and only secrets are read from ${env:…} and ${cred:…}",
            "write the value itself",
        ),
    ],
)
def test_wrong_values_say_what_was_expected_and_how_to_write_it(text: str, message: str, hint: str) -> None:
    """Each kind of mistake has its message and, where it can be mended, its hint."""
    with pytest.raises(ConfigErrors) as caught:
        loaded(text)
    problem = next(one for one in caught.value.problems if one.level is Level.ERROR)
    assert (problem.message, problem.hint) == (message, hint)


def test_what_is_missing_is_told_at_the_section() -> None:
    """A required option that is not there is told under the section's name."""
    told = refused("\n[[receiver]]\nname = 'a'\n" + ROUTE.replace("console", "a"))
    assert (
        'config.toml:2:3: error: receiver[1].url is missing\n  2 | [[receiver]]\n    |   ^^^^^^^^ hint: add url = "…" or url_file = "…"'
        in told
    )


@pytest.mark.parametrize(
    ("text", "first_line", "caret"),
    [
        (
            "[http\nlisten = 1",
            "config.toml:1:6: error: not TOML: expected ']' at the end of a table declaration",
            "     ^",
        ),
        (
            "a = foo",
            "config.toml:1:5: error: not TOML: invalid value",
            '    ^ hint: text needs quotes: key = "value"; true and false are written small',
        ),
        (
            "x = 1\nx = 2",
            "config.toml:2:6: error: not TOML: cannot overwrite a value",
            "     ^ hint: this key stands twice in its section; keep one",
        ),
        ("a = [1,\n\n", "config.toml:1:8: error: not TOML: invalid value", "       ^"),
        (
            "[rules]\n[rules]",
            "config.toml:2:7: error: not TOML: cannot declare ('rules',) twice",
            "      ^ hint: this section stands above already",
        ),
    ],
)
def test_broken_toml_has_a_place_too(text: str, first_line: str, caret: str) -> None:
    """A syntax error names line and column, and shows the line."""
    with pytest.raises(Unreadable) as caught:
        parse("config.toml", text.encode())
    lines = str(caught.value.problem).split("\n")
    assert lines[0] == first_line
    assert lines[2].startswith(f"    | {caret}")


def test_bytes_that_are_no_utf8_have_a_place() -> None:
    """The line and column of the first byte that is not UTF-8 are told."""
    with pytest.raises(Unreadable) as caught:
        parse("config.toml", b"a = 1\nb = '\xff'\n")
    assert str(caught.value.problem).startswith("config.toml:2:6: error: not UTF-8 text\n")


def test_carets_stand_below_tabs_and_controls_are_not_printed() -> None:
    """Tabs before the caret are kept; what moves a cursor is replaced."""
    told = refused("[http]\n\tlisten\t= 7 # \u202e\n")
    assert "  2 | \tlisten\t= 7 # \ufffd\n    | \t^^^^^^ hint" in told


class TestSecrets:
    """Secrets come from where they are said to, and are never shown."""

    def test_hidden_in_every_form(self) -> None:
        """Neither str nor repr nor a record's repr shows it; reveal does."""
        config = loaded(RECEIVER.replace("tocsin-console://", "json://u:hunter2@localhost") + ROUTE).config
        assert "hunter2" not in f"{config!r}{config.receivers[0].url}{config.receivers[0].url!r}"
        assert config.receivers[0].url.reveal() == "json://u:hunter2@localhost"

    def test_equal_by_what_they_hold(self) -> None:
        """Reload can tell whether a secret changed."""
        assert Secret("a") == Secret("a")
        assert Secret("a") != Secret("b")
        assert not Secret()

    def test_from_environment_and_credentials(self, tmp_path: Any) -> None:
        """${env:…} and ${cred:…} are filled in, also within a longer text."""
        (tmp_path / "mail").write_text("s3cret\n")
        environment = {"HOST": "localhost", "CREDENTIALS_DIRECTORY": str(tmp_path)}
        text = RECEIVER.replace("tocsin-console://", "json://u:${cred:mail}@${env:HOST}/") + ROUTE
        assert loaded(text, environment).config.receivers[0].url.reveal() == "json://u:s3cret@localhost/"

    def test_from_a_file(self, tmp_path: Any) -> None:
        """url_file stands in for url; its first line counts."""
        (tmp_path / "url").write_text("json://localhost\n# note\n")
        text = f'[[receiver]]\nname = "console"\nurl_file = "{tmp_path}/url"\n' + ROUTE
        assert loaded(text).config.receivers[0].url.reveal() == "json://localhost"

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ('url = "${env:NOPE}"', "receiver[1].url: the environment variable NOPE is not set"),
            ('url = "${cred:NOPE}"', "receiver[1].url: no credential NOPE: CREDENTIALS_DIRECTORY is not set"),
            ('url_file = "/nope"', "receiver[1].url_file: cannot read /nope: No such file or directory"),
            ('url = "a://"\nurl_file = "b"', "receiver[1].url and receiver[1].url_file are both given"),
        ],
    )
    def test_what_cannot_be_had_is_told(self, option: str, message: str) -> None:
        """A secret that is not there is an error, without cascades."""
        assert messages(f'[[receiver]]\nname = "console"\n{option}\n{ROUTE}') == [message]

    @pytest.mark.parametrize(
        "text",
        [
            'receiver = [{ name = 7, url = "json://u:hunter2@x" }]',
            '[[receiver]]\nname = "a"\nurll = "json://u:hunter2@x"',
            '[[receiver]]\nname = "a"\nmax_tlp = 1\nurl = [ "json://u:hunter2@x" ]',
            'receiver = [{ url = "json://u:hunter2@x", nam = 1 }]',
            'receiver = { url = "json://u:hunter2@x" }',
            'recevier = [{ url = "json://u:hunter2@x" }]',
        ],
    )
    def test_never_in_a_message(self, text: str) -> None:
        """The line shown with an error has its secrets masked, misspelt keys included."""
        assert "hunter2" not in refused(text)

    def test_never_in_a_syntax_error(self) -> None:
        """Where nothing parses, what follows :// is masked."""
        with pytest.raises(Unreadable) as caught:
            parse("config.toml", b'url = "json://u:hunter2@x\n')
        assert "hunter2" not in str(caught.value)


class TestSense:
    """What the shape of records cannot say."""

    def test_names_are_given_once(self) -> None:
        """The second use of a name is told, with the first."""
        text = RECEIVER + RECEIVER + ROUTE + '[[person]]\nid = "a"\n[[person]]\nid = "a"\n'
        assert messages(text) == [
            'receiver[2].name "console" is taken by receiver[1]',
            'person[2].id "a" is taken by person[1]',
        ]

    def test_references_lead_somewhere(self) -> None:
        """Unknown receivers, persons and sources are told with the nearest name, all at once with errors of shape."""
        text = (
            '[[receiver]]\nname = "console"\nurl = "tocsin-console://"\nperson = "anna"\n'
            '[[person]]\nid = "ana"\n[[designation]]\ndeputy = "bo"\n'
            '[[route]]\nreceiver = ["consol"]\nmatch = { source = ["auht"] }\n'
            '[[source]]\nname = "auth"\npath = "x.log"\n[[route]]\nreceiver = ["console"]\n[retention]\nraw_days = "x"\n'
        )
        assert messages(text) == [
            'receiver[1].person: there is no person "anna"; did you mean "ana"?',
            'designation[1].deputy: there is no person "bo"',
            'route[1].receiver[1]: there is no receiver "consol"; did you mean "console"?',
            'route[1].match.source[1]: there is no source "auht"; did you mean "auth"?',
            "retention.raw_days must be an integer, not a string",
        ]

    def test_somebody_is_always_told(self) -> None:
        """Without a route for everything the configuration is refused; what stands behind it is warned of."""
        limited = '[[route]]\nreceiver = ["console"]\nmatch = { severity = ["high"] }\n'
        assert messages(RECEIVER + limited) == ["no route takes everything: some incidents would be told to nobody"]
        assert warnings(RECEIVER + limited + ROUTE) == []
        assert warnings(RECEIVER + ROUTE + limited) == ["route[2] is never reached: route[1] takes everything"]
        assert warnings("") == ["no receiver: incidents are seen on the pages alone, nobody is told"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                '[[source]]\nname = "a"\npath = "x"\ntimezone = "Europe/Berln"',
                'source[1].timezone: there is no zone "Europe/Berln"; did you mean "Europe/Berlin"?',
            ),
            ('[[source]]\nname = "a"\npath = "log[1"', 'source[1].path "log[1" has a [ without its ]'),
            ('[[source]]\nname = "a"\npath = ["x", "a**/b"]', 'source[1].path[2] "a**/b" has ** within a name'),
            ('[[source]]\nname = "a"\npath = []', "source[1].path is empty: nothing would be read"),
            ('[[source]]\nname = "a"\npath = "/"', 'source[1].path "/" is a folder'),
            (
                "[[format]]\nname = 'a'\npattern = '(?=x)(?P<a>y)'",
                "format[1].pattern: the pattern does not compile: invalid perl operator: (?=; write it as RE2 understands it: no look-around, no back-references",
            ),
            (
                "[[format]]\nname = 'a'\npattern = 'x'",
                'format[1].pattern: format "a": the pattern names nothing; write (?P<name>…) around a part',
            ),
            (
                "[[format]]\nname = 'a'\npattern = '(?P<when>.)'\ntime_field = 'whn'",
                'format[1].time_field: format "a": no group is called "whn" (there are: when)',
            ),
            (
                "[[format]]\nname = 'a'\npattern = '(?P<at>.)'\ntime_format = '%Q'",
                'format[1].time_format: time format "%Q": %Q is not known (known: %Y %y %m %b %B %h %d %e %H %I %M %S %f %z %Z %p %a %A %s %T %D %F %R)',
            ),
            ('[trust]\nnetworks = ["10.0.0.0/33"]', 'trust.networks[1] "10.0.0.0/33" is no address and no network'),
            ('[trust]\nadmins = ["ann", "10.0.0.0/33"]', 'trust.admins[2] "10.0.0.0/33" is no address and no network'),
            ('[trust]\nscanners = ["nessus"]', 'trust.scanners[1] "nessus" is no address and no network'),
            ('[trust]\ndeploy_windows = ["tue 20:00"]', 'trust.deploy_windows[1] "tue 20:00" is no window of time'),
            ('[http]\nlisten = "localhost"', 'http.listen "localhost" is no address with a port'),
            ('[http]\nlisten = "localhost:99999"', 'http.listen "localhost:99999" is no address with a port'),
            ('[http]\nbase_url = "tocsin.example.org"', 'http.base_url "tocsin.example.org" is no address of pages'),
            ('[store]\nurl = "mysql://x"', 'store.url begins with "mysql:", not with "sqlite:" or "postgresql:"'),
            ('[rules]\npaths = ["nowhere"]', 'rules.paths[1]: there is no file or folder "nowhere"'),
        ],
    )
    def test_values_make_sense(self, text: str, message: str) -> None:
        """Zones, patterns, expressions, networks, addresses and folders are looked at."""
        assert messages(text) == [message]

    def test_administrators_may_be_accounts(self) -> None:
        """Beside networks, as rules ask for whom a line names."""
        names = ["ann", "LAB\\ann", "ann@example.org", "system:serviceaccount:ops:backup", "10.0.0.0/8", "fe80::1"]
        assert loaded(f"[trust]\nadmins = {msgspec.json.encode(names).decode()}\n").config.trust.admins == tuple(names)

    def test_no_source_reads_what_we_write(self) -> None:
        """A source that takes in our own output is refused."""
        outbox = RECEIVER.replace("tocsin-console://", "tocsin-file://var/outbox.txt") + ROUTE
        assert messages(outbox + '[[source]]\nname = "a"\npath = "var/*.txt"\n') == [
            'source[1].path "var/*.txt" takes in var/outbox.txt, what receiver "console" writes: it would read what it writes'
        ]
        assert messages(outbox + '[[source]]\nname = "a"\npath = "**"\n')
        assert not warnings(outbox + '[[source]]\nname = "a"\npath = "var/*.log"\n')

    def test_no_file_is_read_twice(self) -> None:
        """Two sources over one file are refused, however the path is written."""
        text = '[[source]]\nname = "a"\npath = "x.log"\n[[source]]\nname = "b"\npath = "./y/../x.log"\n'
        assert messages(text) == [
            'source[2].path "./y/../x.log" is read by source "a" too: its lines would count twice'
        ]

    @pytest.mark.parametrize(
        ("base_url", "url", "warned"),
        [
            ("", "mailto://u:p@mail.example.org", True),
            ("http://127.0.0.1:8787", "ntfys://topic", True),
            ("https://tocsin.example.org", "ntfys://topic", False),
            ("", "json://localhost:9000/x", False),
            ("", "tocsin-file://out.txt", False),
        ],
    )
    def test_links_that_lead_nowhere_are_warned_of(self, base_url: str, url: str, warned: bool) -> None:
        """A receiver beyond this machine needs a base_url that leads back."""
        text = f'[http]\nbase_url = "{base_url}"\n' + RECEIVER.replace("tocsin-console://", url) + ROUTE
        assert any("base_url" in one for one in warnings(text)) is warned

    def test_waived_four_eyes_are_said_aloud(self) -> None:
        """A waiver is a notice, no error."""
        found = loaded(RECEIVER + ROUTE + '[process]\nfour_eyes = "waived"\n').warnings
        assert [one.level for one in found] == [Level.NOTICE]


JSON = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-5, 400),
        st.floats(0, 9),
        st.sampled_from([" ", "a", "high", "7", "RED", "${env:X}"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "url", "path", "match", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)
SECTIONS = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Config)])
OPTIONS = st.sampled_from(
    [
        "name",
        "path",
        "url",
        "url_file",
        "match",
        "receiver",
        "roles",
        "id",
        "raw_days",
        "required",
        "severity",
        "x",
        "host",
    ]
)
TABLES = st.dictionaries(OPTIONS, JSON, max_size=4)


def _secret(kind: type, value: Any) -> Any:
    return Secret(value)


@given(st.dictionaries(SECTIONS, st.one_of(JSON, TABLES, st.lists(TABLES, max_size=2)), max_size=3))
def test_shape_refuses_what_msgspec_refuses_and_mends_it(data: dict[str, Any]) -> None:
    """Problems are found exactly where msgspec would stop, and what is handed on always fits."""
    shaper = Shaper({"X": "x"})
    shaped = shaper.shape(Config, data)
    msgspec.convert(shaped, Config, dec_hook=_secret)
    if not shaper.problems:
        assert msgspec.convert(data, Config, dec_hook=_secret) is not None
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(data, Config, dec_hook=_refusing)


def _refusing(kind: type, value: Any) -> Any:
    """What msgspec cannot know: a secret is a text, and its placeholder can be filled in."""
    if not isinstance(value, str):
        raise msgspec.ValidationError("no text")
    return Secret(value)
