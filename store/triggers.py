"""Triggers as data: what the database itself refuses, whoever asks.

They are dropped and created anew after each upgrade, because SQLite loses them silently when a table is copied and
renamed, and compared with the catalogue at each start.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from store.errors import SchemaMismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Refuses one kind of change to one table.

    ``when`` may compare OLD and NEW; empty means always.
    """

    table: str
    act: str  #: UPDATE or DELETE
    message: str  #: what the refused one reads
    when: str = ""

    @property
    def name(self) -> str:
        """Name in the catalogue, on both databases."""
        return f"tocsin_{self.table}_no_{self.act.lower()}"

    def create(self, dialect: str) -> tuple[str, ...]:
        """The statements that make it."""
        if dialect == "sqlite":
            condition = f" WHEN ({self.when})" if self.when else ""
            return (
                f"CREATE TRIGGER {self.name} BEFORE {self.act} ON {self.table} FOR EACH ROW{condition} "
                f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END",
            )
        return (
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $${self.body}$$",
            f"CREATE TRIGGER {self.name} BEFORE {self.act} ON {self.table} FOR EACH ROW EXECUTE FUNCTION {self.name}()",
        )

    @property
    def body(self) -> str:
        """PostgreSQL's function body. The code makes the driver raise what SQLite's refusal raises."""
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation';"
        if not self.when:
            return f"BEGIN {refuse} END"
        # The condition stands in the body, not in WHEN: the catalogue keeps bodies letter by letter.
        return f"BEGIN IF {self.when} THEN {refuse} END IF; RETURN NEW; END"


TRIGGERS = (
    Trigger(table="timeline", act="UPDATE", message="a timeline entry is never changed"),
    Trigger(table="timeline", act="DELETE", message="a timeline entry is never deleted"),
    Trigger(table="value", act="UPDATE", message="a value is redacted by deleting it, never changed"),
    *(
        Trigger(table=table, act=act, message=f"a seal is never {done}")
        for table in ("seal", "seal_head")
        for act, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
    ),
    Trigger(table="form", act="UPDATE", message="a version of a form is never changed"),
    Trigger(table="form", act="DELETE", message="a version of a form is never deleted"),
    Trigger(table="form_answer", act="UPDATE", message="an answer is redacted by deleting it, never changed"),
    Trigger(table="action", act="UPDATE", message="a version of an action is never changed"),
    Trigger(table="action", act="DELETE", message="an action is dropped, never deleted"),
    Trigger(table="action_text", act="UPDATE", message="a text is redacted by deleting it, never changed"),
    *(
        Trigger(table=table, act=act, message=f"{what} is never {done}")
        for table, what in (("dossier", "a frozen dossier"), ("signature", "a signature"))
        for act, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
    ),
    Trigger(table="discrepancy", act="DELETE", message="a discrepancy is closed, never deleted"),
    Trigger(
        table="discrepancy",
        act="UPDATE",
        message="a discrepancy that is closed is never changed",
        when="OLD.closed_at IS NOT NULL",
    ),
    *(
        Trigger(table="reading", act=act, message=f"that somebody read it is never {done}")
        for act, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
    ),
    *(
        Trigger(table=table, act="DELETE", message=f"a {table} is settled, never deleted")
        for table in ("hold", "disposal")
    ),
    Trigger(table="exception", act="DELETE", message="an exception is withdrawn, never deleted"),
    Trigger(table="silence", act="DELETE", message="a silence is ended, never deleted"),
    Trigger(table="incident", act="DELETE", message="an incident is never deleted"),
    Trigger(
        table="incident",
        act="UPDATE",
        message="number and opening time of an incident are never changed",
        when="OLD.number <> NEW.number OR OLD.opened_at <> NEW.opened_at",
    ),
    Trigger(
        table="owner",
        act="UPDATE",
        message="fencing number and time of the store never go back",
        when="NEW.fencing < OLD.fencing OR NEW.last_at < OLD.last_at",
    ),
)


def recreate(connection: Connection) -> None:
    """Drop every trigger of ours and create those of this version."""
    dialect = connection.dialect.name
    for name, table in _installed_names(connection):
        on = "" if dialect == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        if dialect != "sqlite":
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name}()")
    for trigger in TRIGGERS:
        for statement in trigger.create(dialect):
            connection.exec_driver_sql(statement)


def verify(connection: Connection) -> None:
    """Compare the catalogue with `TRIGGERS`.

    Raises:
        SchemaMismatch: A trigger is missing, foreign or altered; names all of them.
    """
    declared = expected(connection.dialect.name)
    found = installed(connection)
    wrong = sorted(name for name in declared.keys() | found.keys() if declared.get(name) != found.get(name))
    if wrong:
        raise SchemaMismatch(
            f"the database's triggers are not those of this version: {', '.join(wrong)}. "
            "They keep the timeline from being altered: find out who changed them. "
            "`tocsin db upgrade` makes them anew."
        )


def expected(dialect: str) -> dict[str, str]:
    """Name to definition, as `installed` gives it."""
    if dialect == "sqlite":
        return {trigger.name: trigger.create(dialect)[0] for trigger in TRIGGERS}
    return {trigger.name: f"{trigger.table} {trigger.act} O {trigger.body}" for trigger in TRIGGERS}


def installed(connection: Connection) -> dict[str, str]:
    """Name to definition of the triggers in the database's catalogue.

    On PostgreSQL: table, event, whether it is enabled ("O"), and the function's body.
    """
    return dict(connection.execute(text(_INSTALLED[connection.dialect.name])).all())


def _installed_names(connection: Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(text(_NAMES[connection.dialect.name]))]


_NAMES = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace",
}
_INSTALLED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    # tgtype holds bits: 8 is DELETE, 16 is UPDATE.
    "postgresql": "SELECT t.tgname, c.relname || ' ' || CASE WHEN t.tgtype & 8 > 0 THEN 'DELETE' ELSE 'UPDATE' END "
    "|| ' ' || t.tgenabled::text || ' ' || p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace",
}
