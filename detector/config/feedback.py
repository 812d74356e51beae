"""The page for feedback: one intake has it, and that takes feedback."""

from collections.abc import Iterator

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem
from detector.config.records import Config
from detector.config.shape import dotted


def check_feedback(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with the page for feedback, and that it is open to all."""
    first: KeyPath | None = None
    for index, one in enumerate(config.intakes):
        path: KeyPath = ("intake", index, "page")
        if not one.page:
            continue
        if one.kind != "feedback":
            message = f'{dotted(path)} says nothing to an intake of the kind "{one.kind}"'
            yield Problem(path=path, message=message, hint='set kind = "feedback", or leave it out')
        elif first is not None:
            message = f"{dotted(path)}: {dotted(first)} has the page already"
            yield Problem(path=path, message=message, hint="there is one /feedback: give it to one intake")
        else:
            first = path
            message = f"{dotted(path)}: everybody who reaches http.listen may report something, without an account"
            yield Problem(level=Level.NOTICE, path=path, message=message)
