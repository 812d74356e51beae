"""``tocsin replay``."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from detector.cli import asked as about
from detector.cli.bench import Bench, Wishes, bench, bench_options
from detector.cli.output import Failure, Misuse, clean, print_json, print_table
from detector.replay.reading import LogFile, LogUnreadable, Progress, nobody_watches
from detector.replay.report import page
from detector.replay.run import Replayed, Tally, nearest_format
from detector.replay.run import replay as replay_files
from rules.event import Mode
from rules.formats.format import Format
from rules.modes import with_modes
from rules.sigma.model import Head
from store.ledger import Record

SAMPLE_CHARACTERS = 200


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE…]")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 although something was found.")
@click.option("--html", "html_path", metavar="FILE", help="Also write what was found there, as one page.")
@click.option("-v", "--verbose", is_flag=True, help="Also list the rules that were about no line, by log source.")
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    help="Take rules, modes, trust, assets and formats from this configuration; default: from none.",
)
@bench_options
def replay(
    paths: tuple[str, ...],
    exit_zero: bool,
    html_path: str | None,
    verbose: bool,
    wishes: Wishes,
    as_json: bool,
    **_: Any,
) -> None:
    """Run the rules over log files and print what would have been opened; no daemon, no database, nobody told.

    Files may be plain or gzip; "-" is standard input. Several files are merged by the times in them.
    Without any, all files of the source that --source names are read, rotated ones too.
    Exits with 1 if something was found, 0 if nothing was, 2 if a file was not understood or no rule is about its lines.
    """
    with ExitStack() as house:
        on = bench(house, paths, wishes)
        if html_path and any(_is_same(html_path, file.name) for file in on.files):
            raise Misuse(f"--html {clean(html_path)} is the log itself: it would be lost")
        if on.guessed:
            moments = ", ".join(f"{moment:%Y-%m-%d %H:%M} UTC" for moment in sorted(set(on.guessed)))
            click.echo(
                f"Stamps without a year are read as of {moments} (the file's time; --as-of changes it).", err=True
            )
        try:
            with _progress(on.files) as progress:
                found = replay_files(on.files, on.settings, on.rules, on.formats, progress)
        except LogUnreadable as error:
            raise Misuse(clean(str(error))) from None
        rules = with_modes(on.rules, on.settings.modes)
        heads = {head.id: head for head in rules.all}
        (_print_json if as_json else _print_tables)(found, heads, verbose=verbose)
        if html_path:
            _write_page(html_path, page(found, rules, _told(wishes, on)))
        not_understood = [
            _not_understood(tally, file, on.formats)
            for tally, file in zip(found.tallies, on.files, strict=True)
            if not tally.is_understood
        ]
    if not_understood:
        raise Misuse("\n".join(not_understood))
    if found.asked.in_vain:
        raise Misuse(about.in_vain(found.asked))
    if on.rules.errors and not found.records:
        raise Misuse("nothing was found, but not all rules loaded")
    sys.exit(Failure.exit_code if found.records and not exit_zero else 0)


def _told(wishes: Wishes, on: Bench) -> list[tuple[str, str]]:
    """What it was told, as the page shows it."""
    profiles = on.settings.sources
    return [
        ("files", ", ".join(file.name for file in on.files)),
        ("rules", ", ".join(wishes.rule_paths) or ("of the configuration" if on.config_path else "bundled")),
        ("configuration", on.config_path or "none"),
        ("source", wishes.source or "none"),
        ("format", on.profile.format),
        ("timezone", on.profile.timezone),
        ("as of", ", ".join(sorted({_instant(one.as_of) for one in profiles.values() if one.as_of is not None}))),
        ("modes", "; ".join(f"{one.mode}, by {one.author}: {one.reason}" for one in on.settings.modes) or "none"),
        ("version", version("tocsin")),
    ]


def _is_same(one: str, other: str) -> bool:
    return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)


def _write_page(path: str, text: str) -> None:
    """All of it or nothing: who looks at the page meanwhile sees the one before."""
    target = Path(path)
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Misuse(f"cannot write {clean(path)}: {error.strerror}") from None


def plain(number: int, record: Record, heads: Mapping[str, Head]) -> dict[str, Any]:
    """One line of ``--json``."""
    head = heads.get(record.rule_id)
    return {
        "id": f"R-{number}",
        "decision": record.decision,
        "mode": head.mode if head else Mode.ON,
        "title": record.title,
        "rule": {
            "id": record.rule_id,
            "title": record.rule_title,
            "path": record.rule_path,
            "version": record.rule_version,
            "tags": record.tags,
            "author": head.author if head else "",
            "license": head.license if head else "",
        },
        "rules": [
            {"id": one.rule_id, "title": one.rule_title, "findings": one.findings, "events": one.events}
            | ({"author": told.author, "license": told.license} if (told := heads.get(one.rule_id)) else {})
            for one in record.rules
        ],
        "severity": record.severity,
        "severity_terms": [
            {"term": one.term, "value": one.value, "because": one.because} for one in record.severity_terms
        ],
        "group": dict(record.group),
        "entities": [{"kind": one.kind, "value": one.value} for one in record.entities],
        "first_seen": _instant(record.first_seen),
        "last_seen": _instant(record.last_seen),
        "events": record.events,
        "evidence": [
            {
                "source": one.origin,
                "line": one.line,
                "offset": one.offset,
                "time": _instant(one.time),
                "text": one.text,
                "sha256": one.sha256,
            }
            for one in record.evidence
        ],
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _print_json(found: Replayed, heads: Mapping[str, Head], *, verbose: bool) -> None:
    for number, record in enumerate(found.records, start=1):
        print_json(plain(number, record, heads), indent=None)
    if verbose:
        print_json(about.plain(found.asked), indent=None)
    elif found.asked.not_asked:
        click.echo(f"{about.sentence(found.asked)}; --verbose lists them", err=True)


def _print_tables(found: Replayed, heads: Mapping[str, Head], *, verbose: bool) -> None:
    titles = ("id", "decision", "severity", "events", "first seen", "last seen", "title", "about")
    modes = {name: head.mode for name, head in heads.items() if head.mode is not Mode.ON}
    rows = (_row(number, one, modes.get(one.rule_id)) for number, one in enumerate(found.records, start=1))
    print_table(titles, rows, "nothing found")
    click.echo()
    counts = ("file", "lines", "parsed", "unparsed", "format")
    print_table(counts, ((one.name, one.lines, one.parsed, one.unparsed, one.format or "-") for one in found.tallies))
    about.print_asked(found.asked, every=verbose)


def _row(number: int, record: Record, mode: Mode | None) -> Sequence[object]:
    about = " ".join(f"{name}={value}" for name, value in record.group)
    if len(record.entities) > len(record.group):
        about += f" ({len(record.entities)} involved)"
    times = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (record.first_seen, record.last_seen))
    decision = f"{record.decision}, {mode}" if mode else record.decision
    return (f"R-{number}", decision, record.severity, record.events, *times, record.title, about)


def _not_understood(tally: Tally, file: LogFile, formats: Sequence[Format]) -> str:
    """A file of which less than half was parsed: which line, and what it looks most like."""
    near = nearest_format(file, formats)
    lines = [
        f"{tally.name}: only {tally.parsed} of {tally.parsed + tally.unparsed} lines were understood; "
        "what was found in the others, if anything, says little.",
        f"  first line that was not: {tally.sample_unparsed[:SAMPLE_CHARACTERS]}",
        f"  nearest format: {near.format} ({near.share:.0%} of the first lines)"
        if near.format
        else "  no format is near",
        "  hint: name the format with --format, or describe it as [[format]] in a configuration and use --config",
    ]
    return "\n".join(map(clean, lines))


@contextmanager
def _progress(files: Sequence[LogFile]) -> Iterator[Progress]:
    """A bar on standard error, if a person watches: bytes, lines a second, time left."""
    if not sys.stderr.isatty():
        yield nobody_watches
        return
    from rich import progress as shown
    from rich.console import Console

    columns = (
        shown.TextColumn("reading"),
        shown.BarColumn(),
        shown.DownloadColumn(),
        shown.TextColumn("{task.fields[rate]:,.0f} lines/s"),
        shown.TimeRemainingColumn(),
    )
    with shown.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=sum(file.size for file in files), rate=0.0)
        total = 0

        def advance(read: int, lines: int) -> None:
            nonlocal total
            total += lines
            bar.update(task, advance=read, rate=total / max(bar.tasks[task].elapsed or 0.0, 0.001))

        yield advance
