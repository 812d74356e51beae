"""The configuration in real files: conf.d, origins, and what cannot be read."""

from pathlib import Path

import pytest

from detector.config.load import load
from detector.config.loaded import ConfigErrors

MAIN = """\
[http]
listen = "127.0.0.1:1"
base_url = "http://localhost:1"

[[receiver]]
name = "console"
url = "tocsin-console://"

[[route]]
receiver = ["console"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "config.toml").write_text(MAIN)
    return tmp_path


def refused(folder: Path) -> list[str]:
    """The first line of each problem, with paths as the operator knows them."""
    with pytest.raises(ConfigErrors) as caught:
        load(folder / "config.toml", environment={})
    return [str(one).split("\n")[0].replace(f"{folder}/", "") for one in caught.value.problems]


def test_conf_d_adds_to_the_main_file(folder: Path) -> None:
    """Arrays of tables grow in order of file name; of other values the later wins; tables are joined."""
    (folder / "conf.d/20.toml").write_text('[[source]]\nname = "b"\npath = "b.log"\n[http]\nlisten = "127.0.0.1:3"\n')
    (folder / "conf.d/10.toml").write_text('[[source]]\nname = "a"\npath = "a.log"\n[http]\nlisten = "127.0.0.1:2"\n')
    loaded = load(folder / "config.toml", environment={})
    assert [source.name for source in loaded.config.sources] == ["a", "b"]
    assert (loaded.config.http.listen, loaded.config.http.base_url) == ("127.0.0.1:3", "http://localhost:1")
    assert loaded.files == tuple(str(folder / name) for name in ("config.toml", "conf.d/10.toml", "conf.d/20.toml"))


def test_origins_name_file_and_line(folder: Path) -> None:
    """Each value knows the file and line that set it, also the one that won."""
    (folder / "conf.d/10.toml").write_text(
        '[http]\nlisten = "127.0.0.1:2"\n\n[[receiver]]\nname = "b"\nurl = "tocsin-console://"\n'
    )
    origins = load(folder / "config.toml", environment={}).origins
    listen = origins.place(("http", "listen"))
    name = origins.place(("receiver", 1, "name"))
    assert listen.span is not None
    assert (Path(listen.file).name, listen.span.line) == ("10.toml", 2)
    assert name.span is not None
    assert (Path(name.file).name, name.span.line) == ("10.toml", 5)
    assert ("daemon", "state_dir") not in origins


def test_errors_of_all_files_come_together(folder: Path) -> None:
    """An error in conf.d is told with its own file and line, after those of the main file."""
    (folder / "config.toml").write_text(MAIN + "[retention]\nraw_days = -1\n")
    (folder / "conf.d/10.toml").write_text('[[receiver]]\nname = "console"\nurl = 7\n')
    assert refused(folder) == [
        "config.toml:12:12: error: retention.raw_days must be at least 0, not -1",
        'conf.d/10.toml:2:8: error: receiver[2].name "console" is taken by receiver[1]',
        "conf.d/10.toml:3:1: error: receiver[2].url must be a string, not an integer",
    ]


def test_every_broken_file_is_named(folder: Path) -> None:
    """Files that are no TOML are told all at once, and nothing else is guessed about."""
    (folder / "config.toml").write_text("[http")
    (folder / "conf.d/10.toml").write_bytes(b"\xff")
    (folder / "conf.d/20.toml").write_text("[[x]]")
    assert refused(folder) == [
        "config.toml:1:6: error: not TOML: expected ']' at the end of a table declaration",
        "conf.d/10.toml:1:1: error: not UTF-8 text",
    ]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """Without a configuration the first step is named."""
    with pytest.raises(
        ConfigErrors,
        match=r"config.toml: error: cannot read it: No such file or directory\n  hint: copy config.example.toml",
    ):
        load(tmp_path / "config.toml", environment={})


def test_line_ends_of_other_systems_change_nothing(folder: Path) -> None:
    """CRLF and a byte order mark are understood, and positions stay right."""
    (folder / "config.toml").write_bytes(b"\xef\xbb\xbf" + MAIN.replace("\n", "\r\n").encode() + b"x = 1\r\n")
    assert refused(folder)[0].startswith("config.toml:11:1: error: unknown key route[1].x")


def test_links_in_a_circle_stop_nothing(folder: Path) -> None:
    """A source whose path leads in a circle is one whose file is not there."""
    (folder / "circle.log").symlink_to(folder / "circle.log")
    (folder / "conf.d/10.toml").write_text(f'[[source]]\nname = "a"\npath = "{folder}/circle.log"\n')
    assert load(folder / "config.toml", environment={}).config.sources[0].name == "a"
