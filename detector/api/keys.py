"""What routes need from the daemon, under typed keys."""

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from prometheus_client import CollectorRegistry

from detector.engine_process import Ready
from detector.excepting import Excepting
from detector.intake.doors import Doors
from detector.passwords import Passwords
from detector.rule_use import RuleUse
from detector.runbooks import Runbooks
from detector.silencing import Silencing
from detector.status import DaemonStatus, Readiness, Reloaded
from notifier.links import Links
from notifier.plan import Routing
from notifier.trial import Trial
from rules.correlation.standing import Standings
from store.clock import Clock
from store.database import Store
from store.seals import Keys
from store.site import Site

STORE: web.AppKey[Store] = web.AppKey("store", Store)
CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)
LINKS: web.AppKey[Callable[[], Links]] = web.AppKey("links")  #: called per request: the base URL may change by reload
REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)
LOOK: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("look")  #: before the registry is shown
RULES: web.AppKey[Callable[[], Ready]] = web.AppKey("rules")  #: that run; called per request
#: How far the counter of a rule (by id) has come; None: there is no such rule. Raises TimeoutError.
STANDINGS: web.AppKey[Callable[[str], Awaitable[Standings | None]]] = web.AppKey("standings")
RULE_USE: web.AppKey[RuleUse] = web.AppKey("rule_use", RuleUse)
STATUS: web.AppKey[Callable[[], Awaitable[DaemonStatus]]] = web.AppKey("status")
READINESS: web.AppKey[Callable[[], Awaitable[Readiness]]] = web.AppKey("readiness")
RELOAD: web.AppKey[Callable[[], Awaitable[Reloaded]]] = web.AppKey("reload")
#: What of the configuration decides who is told; called per request.
ROUTING: web.AppKey[Callable[[], Routing]] = web.AppKey("routing")
#: Sends a test over the receivers of these names, or over all.
TRY_RECEIVERS: web.AppKey[Callable[[Collection[str]], Awaitable[list[Trial]]]] = web.AppKey("try_receivers")
WAKE_NOTIFIER: web.AppKey[Callable[[], None]] = web.AppKey("wake_notifier")
DOORS: web.AppKey[Doors] = web.AppKey("doors", Doors)
SITE: web.AppKey[Callable[[], Site]] = web.AppKey("site")  #: called per request: a reload makes another one
SEAL_KEYS: web.AppKey[Keys] = web.AppKey("seal_keys", Keys)
EXCEPTING: web.AppKey[Excepting] = web.AppKey("excepting", Excepting)
SILENCING: web.AppKey[Silencing] = web.AppKey("silencing", Silencing)
#: Others may be in force now; ends when the engine has them.
EXCEPTIONS_CHANGED: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("exceptions_changed")
RUNBOOKS: web.AppKey[Runbooks] = web.AppKey("runbooks", Runbooks)
PASSWORDS: web.AppKey[Passwords] = web.AppKey("passwords", Passwords)
NEW_SECRET: web.AppKey[Callable[[], str]] = web.AppKey("new_secret")  #: 256 bits, URL-safe
