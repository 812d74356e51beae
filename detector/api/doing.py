"""How an act or move is asked for over the API, and done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from store.incident import Actor
from store.repository.incident import waivers
from store.repository.incident.acts import Done
from store.site import Site
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for what, upon which record, in what site."""

    number: int
    actor: Actor
    via: str
    body: Any  #: as the act or move takes it
    version: int = 0  #: that the caller saw; acts need none
    site: Site

    @property
    def seen(self) -> dict[str, Any]:
        """What every move takes."""
        return {"via": self.via, "version": self.version}

    @property
    def act(self) -> dict[str, Any]:
        """What every act takes."""
        return {"via": self.via, "text": self.body.note}


@dataclass(frozen=True, slots=True)
class Doing:
    """How an act or move is asked for, and done."""

    shape: type[Any]
    _work: Callable[[Tx, Asked], Done]
    decides: bool = False  #: an act that overwrites: upon the version named in ``If-Match``, as every move is

    def do(self, tx: Tx, asked: Asked) -> Done:
        """Do it, as the record is governed: by the site, unless its four eyes are waived."""
        return self._work(tx, replace(asked, site=waivers.governing(tx.connection, asked.number, asked.site)))
