"""A board: what there is of something, each with what the person who looks may do to it.

Requests, actions, signatures, clocks and watches are all shown so; each button sends a body of the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from detector.web import asking
from detector.web.asking import Group
from detector.web.do_view import Missing, Refusal, doables, missing_of
from detector.web.inputs import Texts
from detector.web.views import Doable, Frame
from store.incident import Incident
from store.people import Person
from store.repository.record import conflicts
from store.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A form with one button."""

    key: str  #: unique on its board
    address: str
    button: str
    tells: str = ""  #: what it does
    groups: tuple[Group, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    is_open: bool = False  #: unfolded


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing."""

    title: str
    anchor: str = ""
    address: str = ""  #: of a page of its own
    state: str = ""  #: a word or two
    is_settled: bool = False  #: nothing is asked of anybody
    facts: tuple[tuple[str, str], ...] = ()  #: label and text; texts may have several lines
    folded: str = ""  #: what stands for the facts until somebody unfolds them
    lacks: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Things of one sort."""

    title: str
    cards: tuple[Card, ...] = ()
    empty: str = ""  #: what to say if there is none
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A page of an incident."""

    frame: Frame
    number: int
    title: str  #: of the incident
    heading: str
    back: tuple[str, str] = ("", "")  #: address and words of where one came from, if not from the incident
    good: tuple[str, ...] = ()  #: sentences
    notices: tuple[str, ...] = ()  #: sentences about what must be looked at
    links: tuple[Missing, ...] = ()  #: what to look at besides
    parts: tuple[Part, ...] = ()
    refused: str = ""
    missing: tuple[Missing, ...] = ()
    allowed: tuple[Doable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button that did not do what it was pressed for."""

    key: str
    texts: Texts
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Who looks at a board, where, and what they pressed just now in vain."""

    frame: Frame
    person: Person | None  #: None: an account of the machine
    number: int
    site: Site
    pressed: Pressed | None = None
    said: str = ""  #: what must be said once
    persons: Mapping[str, str] = field(default_factory=dict)  #: id and name of those who can be named

    def name(self, person: str | None) -> str:
        """What a person is called."""
        return self.persons.get(person or "", person or "nobody")

    def able(self, connection: Connection, record: Incident) -> tuple[str, ...]:
        """What this person may do to the incident now."""
        if self.person is None:
            return ()
        return conflicts.allowed(connection, record, self.person.id, self.person.roles)

    def ask(
        self,
        key: str,
        address: str,
        button: str,
        shape: type[Any],
        *,
        tells: str = "",
        texts: Texts | None = None,
        version: int | None = None,
        hidden: Mapping[str, str] | None = None,
        choices: Mapping[str, Mapping[str, str]] | None = None,
        hints: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        needed: tuple[str, ...] = (),
        is_open: bool = False,
    ) -> Ask:
        """A form for *shape*; with what was typed, if its button was the one that was pressed."""
        mine = self.pressed if self.pressed and self.pressed.key == key else None
        sent = {"key": key} | ({"version": str(version)} if version is not None else {}) | dict(hidden or {})
        groups = asking.groups(
            shape,
            mine.texts if mine else texts or {},
            persons=self.persons,
            zone=self.frame.zone,
            faults=mine.refusal.beside if mine else None,
            without=(*sent, *without),
            choices=choices,
            hints=hints,
            needed=needed,
        )
        return Ask(
            key=key,
            address=f"/i/{self.number}{address}",
            button=button,
            tells=tells,
            groups=groups,
            hidden=tuple(sent.items()),
            is_open=is_open or mine is not None,
        )

    def board(self, title: str, heading: str, **shown: Any) -> Board:
        """A board, with why what was pressed was not done."""
        refusal = self.pressed.refusal if self.pressed else None
        shown["good"] = (*([self.said] if self.said else []), *shown.get("good", ()))
        if refusal is not None:
            shown |= {
                "refused": refusal.sentence,
                "missing": missing_of(refusal.missing, self.number, self.site.forms),
                "allowed": () if refusal.missing else doables(refusal.allowed, self.number),
            }
        return Board(frame=self.frame, number=self.number, title=title, heading=heading, **shown)
