"""Weighs exceptions: compiles a filter beside the rules that are loaded, and replays it over what was found."""

import asyncio
from collections.abc import Callable

import msgspec

from rules import excepting as replaying
from rules.settings import EngineSettings
from rules.sigma.load import load_for
from rules.sigma.model import Filter, RuleSet
from rules.sigma.reading import documents
from store import excepting
from store.database import Store
from store.excepting import Candidate
from store.incident import Incident
from store.repository.hiding import exceptions, past

#: Under this path errors of a filter are told.
PATH = "filter"


class FilterRefused(Exception):
    """A text is not one Sigma filter that loads; each error with its place."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


class Excepting:
    """What exceptions would do, by the rules in force.

    Args:
        settings: What the engine is told, without exceptions; asked each time.
    """

    def __init__(self, store: Store, settings: Callable[[], EngineSettings]) -> None:
        self._store = store
        self._settings = settings

    async def weigh(self, text: str) -> Candidate:
        """The filter in *text*, and what it would have hidden.

        Raises:
            FilterRefused: It does not load beside the rules and the exceptions in force.
        """
        settings = await with_exceptions(self._store, self._settings())
        rules, one = await asyncio.to_thread(_compiled, text, settings)
        heads = replaying.concerned(one, rules)
        names = tuple(head.id for head in heads)
        found = await self._store.read(lambda connection: past.of(connection, names))
        judged = await asyncio.to_thread(
            lambda: tuple(replaying.replay(one, rules, settings, found.past))  # seconds, if there is much
        )
        preview = excepting.preview(judged, found.records, looked_at=len(found.past), left_out=found.left_out)
        return Candidate(text=text, title=one.title, rules=names, worst=replaying.worst(heads), preview=preview)

    async def proposed(self, record: Incident) -> str | None:
        """The filter that hides what *record* is about; None: a person has to write one."""
        settings = self._settings()
        rules = await asyncio.to_thread(load_for, settings)
        return excepting.proposed_filter(record, rules)


async def with_exceptions(store: Store, settings: EngineSettings) -> EngineSettings:
    """What the engine is told, with the exceptions in force among its rule files."""
    files = await store.read(exceptions.in_force)
    return msgspec.structs.replace(settings, rule_files=(*settings.rule_files, *files))


def _compiled(text: str, settings: EngineSettings) -> tuple[RuleSet, Filter]:
    rules = load_for(msgspec.structs.replace(settings, rule_files=(*settings.rule_files, (PATH, text))))
    errors = tuple(str(error) for error in rules.errors if error.path == PATH)
    ours = [one for one in rules.filters if one.path == PATH]
    if errors or len(ours) != 1 or len(documents(PATH, text)[0]) != 1:
        raise FilterRefused(errors or (f"{PATH}:1:1: error: an exception is one Sigma filter",))
    if ours[0].for_any:
        raise FilterRefused((f"{PATH}:1:1: error: an exception names its rules, not any",))
    return rules, ours[0]
