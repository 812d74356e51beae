"""What SQLAlchemy learned about a kind of database, kept for all engines of a run.

Each engine compiles every statement anew and asks the database what it can. For a daemon that is once; for a thousand
stores of a run it is a quarter of the time.
"""

from typing import Any, ClassVar, Final

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import CreateEnginePlugin

#: Named in the URL of a database: ``?plugin=…``.
NAME: Final = "tocsin-warm"


class Warm(CreateEnginePlugin):
    """Gives each engine the dialect, and with it the compiled statements, of the first of its kind."""

    #: By kind of database and isolation: so much of it a dialect knows.
    _first: ClassVar[dict[str, Engine]] = {}

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self._kind = f"{url.drivername} {kwargs.get('isolation_level')}"

    def update_url(self, url: URL) -> URL:
        return url.difference_update_query(["plugin"])

    def engine_created(self, engine: Engine) -> None:
        first = self._first.setdefault(self._kind, engine)
        engine.dialect = first.dialect
        engine._compiled_cache = first._compiled_cache


def plain(url: str) -> str:
    """The URL for another process, which does not know of this."""
    return make_url(url).difference_update_query(["plugin"]).render_as_string(hide_password=False)


plugins.register(NAME, __name__, "Warm")
