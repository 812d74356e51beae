"""What a rule tells whoever is woken by it: what it means, when it is harmless, and where to read on.

That is the rule's own Sigma text (``description``, ``falsepositives``, ``references``), kept where the rule is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MOST = 5  #: harmless causes, and links, that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What to know of a rule at three in the morning."""

    means: str = ""
    harmless: tuple[str, ...] = ()  #: causes that are no incident
    links: tuple[str, ...] = ()  #: http and https alone


class Runbooks:
    """Looks rules up in the files that are in force.

    Args:
        files: (path, text) of each rule file, now.
    """

    def __init__(self, files: Callable[[], Sequence[tuple[str, str]]]) -> None:
        self._files = files

    def of(self, rule_id: str, rule_path: str) -> Runbook:
        """The runbook of a rule; an empty one if it is not in force any more. Never raises."""
        path = rule_path.rpartition(":")[0] or rule_path
        text = dict(self._files()).get(path) or dict(self._files()).get(rule_path, "")
        try:
            documents: list[Any] = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
        except yaml.YAMLError:
            return Runbook()
        found = (one for one in documents if isinstance(one, dict) and str(one.get("id", "")) == rule_id)
        return _runbook(next(found, {}))


def _runbook(document: dict[str, Any]) -> Runbook:
    harmless, links = (_texts(document.get(name)) for name in ("falsepositives", "references"))
    return Runbook(
        means=" ".join(str(document.get("description") or "").split()),
        harmless=harmless,
        links=tuple(one for one in links if one.startswith(("https://", "http://"))),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value if one)[:MOST] if isinstance(value, list) else ()
