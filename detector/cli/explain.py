"""``tocsin explain``."""

from contextlib import ExitStack
from typing import Any

import click

from detector.cli.bench import Wishes, bench, bench_options
from detector.cli.client import in_path
from detector.cli.options import Client, daemon_options
from detector.cli.output import Misuse, clean, print_json, severity
from detector.cli.story import story
from detector.replay.explain import Line, explained
from detector.replay.reading import LogUnreadable
from rules.authoring.marking import mark
from rules.authoring.nearness import NearMiss
from rules.correlation.progress import Progress
from rules.engine import Engine
from rules.event import LogSource
from rules.match import Reason
from rules.match import explain as explain_rule
from rules.sigma.duration import written
from rules.sigma.model import Rule

AROUND = 40  #: characters of the line on either side of what is marked
LONGEST_MARK = 80
LONGEST_VALUE = 120
LONGEST_LINE = 1000


@click.command()
@click.argument("incident", required=False, metavar="[INC-n]")
@click.option("--file", "path", metavar="FILE", help='Explain each line of a file; "-" is standard input.')
@daemon_options
@bench_options
def explain(client: Client, incident: str | None, path: str | None, wishes: Wishes, as_json: bool, **_: Any) -> None:
    """Say why: how an incident came about, or how each line of a file is read and which rules match it."""
    if (incident is None) == (path is None):
        raise Misuse("name an incident (tocsin explain INC-1) or a file (tocsin explain --file FILE)")
    if path is None:
        _explain_incident(client, incident or "", wishes, as_json)
    else:
        _explain_file(path, wishes, as_json)


def _explain_file(path: str, wishes: Wishes, as_json: bool) -> None:
    with ExitStack() as house:
        on = bench(house, [path], wishes)
        assert on.settings.as_of is not None
        (file,) = on.files
        profile, as_of, trust = on.settings.sources[file.name], on.settings.as_of, on.settings.trust
        engine = Engine(on.settings, on.rules, saves=False) if on.rules.correlations else None
        told = False
        try:
            for line in explained(file, profile, on.rules, on.formats, as_of, trust, engine):
                told = True
                if as_json:
                    print_json(plain(line), indent=None)
                else:
                    _print_line(line, every_near=bool(wishes.rule_paths))
        except LogUnreadable as error:
            raise Misuse(clean(str(error))) from None
        if not told:
            click.echo(clean(f"{file.name} holds no line"), err=True)


def plain(line: Line) -> dict[str, Any]:
    """One line of ``--json``."""
    return {
        "line": line.number,
        "format": line.event.format or None if line.event else None,
        "log_source": _plain_source(line.event.logsource) if line.event else None,
        "rules_asked": line.asked,
        "fields": dict(line.event.fields) if line.event else {},
        "offset": line.offset,
        "matches": [{"id": rule.id, "title": rule.title, "level": rule.level} for rule in line.rules],
        "marks": [_plain_match(line, rule) for rule in line.rules],
        "near_misses": [_plain_near(one) for one in line.near],
        "counts": [_plain_count(one) for one in line.counts],
        "excepted": [{"id": rule.id, "title": rule.title, "filter": one.title} for rule, one in line.excepted],
        "text": line.text,
    }


def _plain_source(one: LogSource) -> dict[str, str | None]:
    return {"category": one.category, "product": one.product, "service": one.service}


def _plain_match(line: Line, rule: Rule) -> dict[str, Any]:
    assert line.event is not None
    terms = []
    for reason in explain_rule(rule, line.event).reasons:
        found = mark(line.text, reason)
        terms.append(_plain_reason(reason) | {"span": reason.span, "bytes": found.bytes if found else None})
    return {"id": rule.id, "terms": terms}


def _plain_near(one: NearMiss) -> dict[str, Any]:
    missing = [_plain_reason(reason) for reason in one.missing]
    return {"id": one.rule.id, "title": one.rule.title, "level": one.rule.level, "held": one.held, "missing": missing}


def _plain_count(one: Progress) -> dict[str, Any]:
    return {
        "id": one.head.id,
        "title": one.head.title,
        "type": one.head.type,
        "group": dict(one.group),
        "have": one.have,
        "op": one.op,
        "count": one.count,
        "holds": one.holds,
        "may_be_more": one.may_be_more,
        "missing": one.missing,
        "since": one.since.isoformat(),
        "latest": one.latest.isoformat(),
        "until": one.until.isoformat(),
    }


def _plain_reason(reason: Reason) -> dict[str, Any]:
    return {
        "selection": reason.selection,
        "term": reason.term,
        "negated": reason.negated,
        "field": reason.field,
        "value": reason.value,
    }


def _print_line(line: Line, *, every_near: bool) -> None:
    """For people. Of rules that somebody names every near miss is told; of others those that lack less than they have,
    since two rules about outcomes are near each other's lines all day.
    """
    click.echo(f"{line.number}: {clean(_cut(line.text, LONGEST_LINE))}")
    if line.event is None:
        click.echo("   nothing to match: blank, or a header")
        return
    click.echo(clean(f"   read as {line.event.format or 'plain text: no format takes it'}"))
    about = "1 rule is" if line.asked == 1 else f"{line.asked or 'no'} rules are"
    click.echo(clean(f"   log source {line.event.logsource}; {about} about it"))
    for name, value in line.event.fields.items():
        if name != "message":
            click.echo(clean(f"     {name} = {_cut(str(value), LONGEST_LINE)}"))
    for rule in line.rules:
        click.echo(f"   matches {severity(rule.level)} {clean(rule.title)} ({clean(rule.path)})")
        _print_terms(line, rule)
    for excepted, by in line.excepted:
        click.echo(f"   does not count for {clean(excepted.title)}: {clean(by.title)} ({clean(by.path)})")
    if line.asked and not line.rules:
        click.echo("   no rule matches")
    for one in line.counts:
        click.echo(clean(f"   {_count(one)}"))
    for near in line.near:
        if not every_near and near.held <= len(near.missing):
            continue
        click.echo(f"   almost {severity(near.rule.level)} {clean(near.rule.title)} ({clean(near.rule.path)})")
        for reason in near.missing:
            value = "nothing" if reason.value is None else f'"{_cut(reason.value)}"'
            click.echo(clean(f"     {reason}   (has {value})"))


def _print_terms(line: Line, rule: Rule) -> None:
    """Which terms made it match, each with the place in the line, marked below it."""
    assert line.event is not None
    for reason in explain_rule(rule, line.event).reasons:
        found = mark(line.text, reason)
        if found is None:
            click.echo(clean(f"     {reason}"))
            continue
        start, end = found.characters
        begin = max(0, start - AROUND)
        click.echo(clean(f"     {reason}   bytes {found.bytes[0]}-{found.bytes[1]}"))
        click.echo("       " + clean(line.text[begin : min(end, start + LONGEST_MARK) + AROUND]))
        click.echo("       " + " " * (start - begin) + "^" * max(1, min(end - start, LONGEST_MARK)))


def _count(one: Progress) -> str:
    """Three of five, of which group, since when, and what is missing until when."""
    group = " ".join(f"{name}={_cut(value)}" for name, value in one.group)
    have = f"{one.have} or more" if one.may_be_more else f"{one.have}"
    told = f'counts for "{one.head.title}": {have}, needs {one.needs} in {written(one.head.timespan_seconds)}'
    told += f"{' for ' + group if group else ''}, since {one.since:%Y-%m-%d %H:%M:%S}"
    until = f"{one.until:%H:%M:%S}" if one.until.date() == one.latest.date() else f"{one.until:%Y-%m-%d %H:%M:%S}"
    if one.holds:
        return f"{told}: it holds" + (f" so far; it is judged at {until}" if one.head.waits else "")
    missing = f"; missing until {until}: {', '.join(one.missing)}" if one.missing else ""
    return f"{told}{missing}"


def _cut(text: str, longest: int = LONGEST_VALUE) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest} more characters)"


def _explain_incident(client: Client, incident: str, wishes: Wishes, as_json: bool) -> None:
    record = client.get(f"/api/v1/incidents/{in_path(incident)}")
    told = story(record, wishes)
    if as_json:
        print_json({"incident": record["id"], "title": record["title"], "why": told.branches})
        return
    click.echo(clean(told.head))
    for name, lines in told.branches.items():
        for index, line in enumerate(lines):
            mark = ("├" if name != told.last else "└") if index == 0 else ("│" if name != told.last else " ")
            click.echo(clean(f"{mark} {name if index == 0 else '':<8} {line}"))
