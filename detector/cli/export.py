"""``tocsin export``, and how a bundle is laid into a folder."""

import io
import zipfile
from pathlib import Path
from urllib.parse import urlencode

import click

from detector.cli.options import Client, daemon_options, json_option
from detector.cli.output import Failure, Misuse, clean, print_json

PATHS = {"bundle": "/api/v1/export", "csv": "/api/v1/export.csv", "calendar": "/api/v1/calendar.ics"}


@click.command()
@click.option("--from", "start", metavar="WHEN", help="A day as 2026-01-31, or a moment as 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="WHEN", help="The same; it is not in the period.  [default: now]")
@click.option(
    "--as", "kind", type=click.Choice(list(PATHS)), default="bundle", show_default=True, help="What to write."
)
@click.option("--out", required=True, metavar="PATH", help="A new folder for a bundle, else a new file.")
@daemon_options
@json_option
def export(client: Client, start: str | None, until: str | None, kind: str, out: str, as_json: bool) -> None:
    """Export every record that was open in a period, or as a calendar what is due.

    A bundle holds the records, dismissed ones too, with their actions, the register of waivers, and a program that
    verifies it without the daemon.
    """
    if kind != "calendar" and start is None:
        raise Misuse("name the beginning of the period: --from 2026-01-01")
    if kind == "calendar" and (start or until):
        raise Misuse("a calendar holds what is due from now on: leave --from and --until out")
    free(out)
    query = {name: value for name, value in (("from", start), ("until", until)) if value}
    content = client.get_file(PATHS[kind] + (f"?{urlencode(query)}" if query else ""))
    if kind == "bundle":
        written = [str(Path(out) / name) for name in unpack(content, out)]
    else:
        written = [out]
        save(Path(out), content)
    if as_json:
        print_json({"files": written})
    elif kind == "bundle":
        click.echo(clean(f"{len(written)} files in {out}; verify them with: python3 {Path(out) / 'verify.py'}"))
    else:
        click.echo(clean(f"written to {out}"))


def free(out: str) -> None:
    """Raise unless *out* can be written without overwriting anything."""
    path = Path(out)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Misuse(f"{clean(out)} is there already: name one that does not exist yet")


def unpack(packed: bytes, out: str) -> list[str]:
    """Lay the files of a zip file flat into the folder *out*. Returns their names, sorted."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for path in archive.namelist():
                save(folder / path.rpartition("/")[2], archive.read(path))
            return sorted(path.rpartition("/")[2] for path in archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise Failure(f"cannot write the files into {clean(out)}: {error}") from None


def save(path: Path, content: bytes) -> None:
    """Write a file, or say why not."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Failure(f"cannot write {clean(str(path))}: {error}") from None
