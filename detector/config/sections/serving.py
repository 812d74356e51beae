"""The process itself and its faces: where its state is, where it listens, where records are kept."""

from typing import Literal

import msgspec

from detector.config.secret import Secret
from detector.config.sections.kinds import NotNegative


class Daemon(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The process itself."""

    #: Folder of everything that must not be lost: database, socket, keys. Changing it needs a restart.
    state_dir: str = "var"
    #: The least serious message that is logged. Raw log text is logged at debug only.
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Http(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Pages, API and metrics."""

    #: Address and port to listen on. Changing it needs a restart.
    listen: str = "127.0.0.1:8787"
    #: How people reach the pages, e.g. "https://tocsin.example.org"; links in messages start with it. Empty: "http://"
    #: and the address of `listen`.
    base_url: str = ""


class StoreSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Where records are kept."""

    #: Database, e.g. "postgresql://tocsin@localhost/tocsin". Empty: SQLite, tocsin.db in `state_dir`. A secret.
    #: Changing it needs a restart.
    url: Secret = msgspec.field(default_factory=Secret)
    #: File whose first line is `url`, instead of `url`.
    url_file: str = ""


class Retention(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How long things are kept, in days. 0: for ever. Looked at when the daemon starts and every hour."""

    #: How large the database may become, in MB; a warning at 80 %. Above it samples of what was observed, findings that
    #: led to no incident, and bodies that were read go early; records and positions never. PostgreSQL only warns.
    #: 0: no limit.
    max_store_mb: NotNegative = 0

    #: Findings that led to no incident.
    findings_days: NotNegative = 30
    #: Lines, findings and entities of a record whose rule's decision is "observe", after it ended. Its counts and its
    #: timeline are kept for ever.
    observations_days: NotNegative = 90
    #: What was sent to whom about records that are closed.
    deliveries_days: NotNegative = 180
    #: Bodies that were handed in, once they are read, and lines that were left out because the engine died on them.
    raw_days: NotNegative = 7
    #: Closed incidents. Read and checked, but not acted upon: entries of a timeline cannot be deleted, so incidents are
    #: kept for ever.
    incidents_days: NotNegative = 0
