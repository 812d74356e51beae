"""How large the database is and may become: what goes early when it is too full, and pages given back to the disk."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from store.repository.keeping.retention import Keep
from store.tx import Tx

#: How full the store is when people are warned, and how full when no more is given up.
WARN_AT: Final = 0.8
CALM_AT: Final = 0.9
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
#: What is kept while the store is too full, the next one if that was not enough: samples of attempts from outside go
#: first, then what led to no record, and bodies that were read. Records, their record, and positions never go.
TIGHTER: Final[tuple[Callable[[Keep], Keep], ...]] = (
    lambda keep: replace(keep, observations=_at_most(keep.observations, _WEEK)),
    lambda keep: replace(keep, observations=timedelta(), findings=_at_most(keep.findings, _WEEK)),
    lambda keep: replace(keep, observations=timedelta(), findings=_at_most(keep.findings, _DAY), raw=timedelta()),
)


def _at_most(kept: timedelta | None, most: timedelta) -> timedelta:
    return most if kept is None else min(kept, most)


def used_bytes(connection: Connection) -> int:
    """How much the database holds; pages of a SQLite file that hold nothing do not count."""
    if connection.dialect.name != "sqlite":
        size: int = connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
        return size
    pages, free, page = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page


def can_shed(connection: Connection) -> bool:
    """Whether what is removed shows at once; on PostgreSQL only after its own vacuum."""
    return connection.dialect.name == "sqlite"


def too_full(used: int, most: int | None) -> str:
    """What people are to know of the store's size, a sentence; "" if it is well below its limit."""
    if most is None or used < WARN_AT * most:
        return ""
    share, megabytes = f"{used / most:.0%}", most // 2**20
    if used < most:
        return f"the store holds {share} of the {megabytes:,} MB that it may hold; above that samples go early"
    return (
        f"the store holds {share} of the {megabytes:,} MB that it may hold, and samples go early: "
        "raise retention.max_store_mb, or keep things for fewer days"
    )


def free_pages(connection: Connection) -> int:
    """How many pages of a SQLite file hold nothing; 0 on PostgreSQL, which looks after itself."""
    if connection.dialect.name != "sqlite":
        return 0
    pages: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    return pages


def shrink(tx: Tx, pages: int) -> int:
    """Give up to *pages* free pages of a SQLite file back to the disk. Returns how many bytes."""
    before = free_pages(tx.connection)
    for _ in range(min(pages, before)):
        # One by one: the driver takes a single step of a statement that yields no columns, and one step frees one page.
        tx.connection.exec_driver_sql("PRAGMA incremental_vacuum(1)").close()
    size: int = tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one() if before else 0
    return (before - free_pages(tx.connection)) * size
