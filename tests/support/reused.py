"""Databases on a server that are up to date and hold nothing: made once, emptied after each test.

To copy a template costs the server a tenth of a second of its processor's time, to empty what a test filled a tenth of
that. What a test did to tables or triggers makes a database unfit: it is not used again.
"""

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from support.store import PostgresServer, bring_up_to_date

#: Everything of the schema that a test might have changed, as one value.
SHAPE = """\
SELECT md5(string_agg(one, E'\\n' ORDER BY one)) FROM (
    SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT format('%s %s', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS everything (one)
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
#: Triggers and foreign keys are for those who write records; and a client that was killed may still hold a lock.
CAREFULLY = "SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '2s'"


class Reused:
    """The databases."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        url = server.new_database()
        bring_up_to_date(url)
        self._template = make_url(url).database or ""
        self._free: list[str] = []
        with self._connected(url) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
            self._tables = [str(name) for (name,) in connection.execute(TABLES)]
            self._kept = _filled(connection, self._tables)
            connection.execute("CREATE SCHEMA kept")
            for name in self._kept:
                one = sql.Identifier(name)
                connection.execute(sql.SQL("CREATE TABLE kept.{0} AS TABLE public.{0}").format(one))

    def take(self) -> str:
        """The URL of one."""
        return self._free.pop() if self._free else self._server.new_database(self._template)

    def give_back(self, url: str) -> None:
        """Empty it for the next test."""
        try:
            with self._connected(url) as connection:
                if connection.execute(SHAPE).fetchone() == self._shape:
                    self._empty(connection)
                    self._free.append(url)
        except psycopg.errors.LockNotAvailable:
            return

    def _connected(self, url: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of which all is one transaction."""
        parsed = make_url(url)
        return psycopg.connect(host=str(parsed.query["host"]), user=parsed.username, dbname=parsed.database)

    def _empty(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        connection.execute(CAREFULLY)
        for name in _filled(connection, self._tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        for name in self._kept:
            one = sql.Identifier(name)
            again = sql.SQL("INSERT INTO public.{0} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{0}")
            connection.execute(again.format(one))
        for (sequence,) in connection.execute(SEQUENCES).fetchall():
            connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(str(sequence))))


def _filled(connection: "psycopg.Connection[tuple[object, ...]]", tables: list[str]) -> list[str]:
    """The tables that hold anything."""
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    looks = [one.format(sql.Literal(name), sql.Identifier(name)) for name in tables]
    return [str(name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(looks))]
