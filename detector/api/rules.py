"""The rules that run, over the API: what each matches, finds and costs, in which mode it is, and who muted it."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from msgspec.structs import asdict

from detector.api.identity import require_admin, require_known
from detector.api.keys import CLOCK, RULE_USE, RULES, STANDINGS, STORE
from detector.api.problem import Problem
from detector.api.wire import answer
from detector.engine_link import EngineError
from detector.engine_wire import LoadedRule
from detector.rule_use import RuleUse, Used
from store.repository.hiding import silences
from store.silence import Silence, fits

routes = web.RouteTableDef()


@routes.get("/api/v1/rules")
async def list_rules(request: web.Request) -> web.Response:
    """The rules that run."""
    require_known(request)
    now, use = request.app[CLOCK].now(), request.app[RULE_USE]
    found = await request.app[STORE].read(lambda connection: silences.in_force(connection, now))
    mutes = [one for one in found if one.is_mute and one.is_in_force(now)]
    ready = request.app[RULES]()
    items = [_rule(one, use, mutes) for one in ready.rules]
    return answer({"items": items, "errors": ready.errors, "remarks": [asdict(one) for one in ready.remarks]})


@routes.get("/api/v1/rules/{id}/progress")
async def show_progress(request: web.Request) -> web.Response:
    """How far a rule has come in the groups that hold most.

    They name who did what before anybody has decided whose matter that is: it is for those who keep the machine.
    """
    require_admin(request)
    wanted = request.match_info["id"]
    rule = next((one for one in request.app[RULES]().rules if one.id == wanted), None)
    if rule is None:
        raise Problem(404, "no_such_rule", "no rule that runs has this id; GET /api/v1/rules lists them")
    try:
        found = await request.app[STANDINGS](rule.id)
    except (TimeoutError, EngineError):
        reason = "the engine has no time to answer: a backlog is read, or it starts; ask again"
        raise Problem(503, "engine_busy", reason) from None
    if found is None:
        raise Problem(404, "no_such_rule", "this rule was just taken out of force")
    return answer({"id": rule.id, "title": rule.title, **asdict(found)})


def _rule(rule: LoadedRule, use: RuleUse, mutes: Iterable[Silence]) -> Mapping[str, Any]:
    used = use.used.get(rule.id, Used())
    mute = next((one for one in mutes if _is_for(one, rule)), None)
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "decision": rule.decision,
        "mode": rule.mode,
        "path": rule.path,
        "version": rule.version,
        "matches": used.matches,
        "findings": used.findings,
        "last_match": used.last_match,
        "microseconds": None if used.microseconds is None else round(used.microseconds, 3),
        "share": None if (share := use.share(rule.id)) is None else round(share, 4),
        "mute": _mute(mute) if mute else None,
    }


def _is_for(mute: Silence, rule: LoadedRule) -> bool:
    return any(fits(pattern, name) for pattern in mute.matchers["rule"] for name in (rule.id, rule.title))


def _mute(one: Silence) -> dict[str, Any]:
    return {"silence": one.number, "by": one.created_by, "reason": one.reason, "until": one.over_at}
