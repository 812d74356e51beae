"""Intakes that need more than a secret: mappings, signed times, certificates of Amazon SNS."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.sections.reading import IntakeSection
from detector.config.shape import dotted
from detector.config.values import is_loopback, split_listen
from detector.intake import mappings, sns

MOST_BYTES = 64 * 1024  #: of a file with certificates or a mapping


def check_handing_in(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with what intakes name."""
    for index, one in enumerate(config.intakes):
        at: KeyPath = ("intake", index)
        yield from _mapping(one, at)
        yield from _signed(one, at)
        yield from _sns(one, at)
        if one.proof == "none" and not one.networks and _is_behind_a_proxy(config):
            message = f'{dotted((*at, "proof"))} "none" lets in whoever reaches the proxy before http.base_url'
            hint = "give it a secret, or have the proxy forward neither /hooks/… nor /api/…: it stands on this machine"
            yield Problem(level=Level.WARNING, path=(*at, "proof"), at_value=True, message=message, hint=hint)


def _is_behind_a_proxy(config: Config) -> bool:
    """Whether others reach the pages, and the daemon listens on this machine alone: all come from here then."""
    try:
        reached_at = urlsplit(config.http.base_url).hostname or "localhost"
    except ValueError:  # it is no address; that is told elsewhere
        return False
    listens_at = split_listen(config.http.listen)
    return listens_at is not None and is_loopback(listens_at[0]) and not is_loopback(reached_at)


def _mapping(one: IntakeSection, at: KeyPath) -> Iterator[Problem]:
    for key, value in (("preset", one.preset), ("mapping", one.mapping)):
        if value and one.kind != "mapped":
            message = f'{dotted((*at, key))} says nothing to an intake of the kind "{one.kind}"'
            yield Problem(path=(*at, key), message=message, hint='set kind = "mapped", or leave it out')
            return
    if one.kind != "mapped":
        return
    if one.preset and one.mapping:
        message = f"{dotted((*at, 'preset'))} and {dotted((*at, 'mapping'))} are both given"
        yield Problem(path=(*at, "mapping"), message=message, hint="keep one of them")
    elif not one.preset and not one.mapping:
        message = f"{dotted(at)} has no mapping, so nothing in it would be understood"
        yield Problem(path=at, message=message, hint='add preset = "grafana" or mapping = "…"')
    elif one.preset and one.preset not in mappings.presets():
        near = did_you_mean(one.preset, mappings.presets())
        message = f'{dotted((*at, "preset"))}: there is no preset "{one.preset}"{near}'
        yield Problem(path=(*at, "preset"), at_value=True, message=message, allowed=mappings.presets())
    elif one.mapping:
        yield from _file(one.mapping, (*at, "mapping"))


def _file(name: str, path: KeyPath) -> Iterator[Problem]:
    """All that is wrong within the file, each with its own line; what makes it no file stands at the option."""
    if not Path(name).is_file():
        message = f'{dotted(path)}: there is no file "{name}"'
        yield Problem(path=path, at_value=True, message=message, hint="relative paths start at the working directory")
        return
    try:
        mappings.load(Path(name))
    except mappings.MappingRefused as error:
        yield from error.problems


def _signed(one: IntakeSection, at: KeyPath) -> Iterator[Problem]:
    if one.signed.count("{body}") != 1 or one.signed.count("{timestamp}") != 1:
        path: KeyPath = (*at, "signed")
        message = f'{dotted(path)} "{one.signed}" must hold {{timestamp}} and {{body}}, each once'
        yield Problem(path=path, at_value=True, message=message, hint='e.g. "{timestamp}:{body}"')


def _sns(one: IntakeSection, at: KeyPath) -> Iterator[Problem]:
    if one.proof != "sns":
        return
    if one.kind != "mapped":
        message = f'{dotted((*at, "proof"))} "sns" needs kind = "mapped", as SNS wraps what it carries'
        yield Problem(path=(*at, "proof"), at_value=True, message=message, hint='add preset = "cloudwatch-sns"')
    if not one.topics:
        message = f"{dotted((*at, 'topics'))} is missing: SNS signs messages of anybody's topics"
        yield Problem(path=at, message=message, hint='add topics = ["arn:aws:sns:…"]')
    path: KeyPath = (*at, "certificate_file")
    if not one.certificate_file:
        message = f"{dotted(path)} is missing: the proof sns needs it"
        yield Problem(path=at, message=message, hint="save what SigningCertURL of a message leads to")
    elif wrong := _wrong_with(Path(one.certificate_file)):
        message = f'{dotted(path)}: "{one.certificate_file}" {wrong}'
        yield Problem(path=path, at_value=True, message=message, hint="it holds -----BEGIN CERTIFICATE----- and so on")


def _wrong_with(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            sns.read_certificates(opened.read(MOST_BYTES))
    except OSError as error:
        return f"cannot be read: {error.strerror or type(error).__name__}"
    except ValueError as error:
        return f"holds no certificate that can be used: {error}"
    return ""
