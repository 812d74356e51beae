"""Databases on a server that are up to date and hold nothing: made once, emptied after each test.

To copy a template costs the server a fifth of a second of its processor's time, to empty what a test filled a fiftieth
of that. What a test did to tables or triggers makes a database unfit: it is not used again.
"""

import contextlib

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from support.store import PostgresServer, bring_up_to_date

#: What tells whether a test changed anything of the schema, as one value: a catalogue's row that was written since
#: names the transaction that wrote it, one that was removed is missing in the count.
SHAPE = "SELECT " + ", ".join(
    f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM pg_{catalogue})"
    for catalogue in ("class", "attribute", "attrdef", "index", "trigger", "constraint", "proc", "namespace")
)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
#: Not ``ALTER SEQUENCE … RESTART``, which gives the sequence a new file, and so writes into the catalogue.
FROM_THE_START = """\
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
#: Triggers and foreign keys are for those who write records; and a client that was killed may still hold a lock.
CAREFULLY = "SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '2s'"

Connection = psycopg.Connection[tuple[object, ...]]


class Reused:
    """The databases."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        url = server.new_database()
        bring_up_to_date(url)
        self._template = make_url(url).database or ""
        self._free: list[str] = []
        #: Kept from one test to the next: a new one would have to learn of all tables first.
        self._connections: dict[str, Connection] = {}
        with _connected(url) as connection, connection.transaction():
            self._tables = [str(name) for (name,) in connection.execute(TABLES)]
            self._kept = _filled(connection, self._tables)
            connection.execute("CREATE SCHEMA kept")
            for name in self._kept:
                one = sql.Identifier(name)
                connection.execute(sql.SQL("CREATE TABLE kept.{0} AS TABLE public.{0}").format(one))
        with _connected(url) as connection:
            self._shape = connection.execute(SHAPE).fetchone()

    def take(self) -> str:
        """The URL of one."""
        return self._free.pop() if self._free else self._server.new_database(self._template)

    def give_back(self, url: str) -> None:
        """Empty it for the next test."""
        connection = self._connections.pop(url, None) or _connected(url)
        with contextlib.suppress(psycopg.OperationalError):  # also: a lock that is held
            with connection.transaction():
                is_fit = connection.execute(SHAPE).fetchone() == self._shape
                if is_fit:
                    self._empty(connection)
            if is_fit:
                self._free.append(url)
                self._connections[url] = connection
                return
        connection.close()

    def close(self) -> None:
        """Close what is open."""
        for connection in self._connections.values():
            connection.close()

    def _empty(self, connection: Connection) -> None:
        connection.execute(CAREFULLY)
        for name in _filled(connection, self._tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        for name in self._kept:
            one = sql.Identifier(name)
            again = sql.SQL("INSERT INTO public.{0} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{0}")
            connection.execute(again.format(one))
        connection.execute(FROM_THE_START)


def _connected(url: str) -> Connection:
    """A connection that begins no transaction by itself."""
    parsed = make_url(url)
    return psycopg.connect(
        host=str(parsed.query["host"]), user=parsed.username, dbname=parsed.database, autocommit=True
    )


def _filled(connection: Connection, tables: list[str]) -> list[str]:
    """The tables that hold anything."""
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    looks = [one.format(sql.Literal(name), sql.Identifier(name)) for name in tables]
    return [str(name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(looks))]
