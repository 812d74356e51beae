"""Every route of the pages."""

from typing import Final

from aiohttp import web

from detector.web import (
    acting,
    actions,
    approval,
    approvals,
    clocks,
    doing,
    feedback,
    follow_up,
    forms,
    light,
    linked,
    requests,
    signing,
    silences,
)
from detector.web import routes as basic

TABLES: Final[tuple[web.RouteTableDef, ...]] = tuple(
    module.routes
    for module in (
        basic,
        signing,
        acting,
        forms,
        doing,
        feedback,
        light,
        linked,
        actions,
        requests,
        approval,
        approvals,
        follow_up,
        clocks,
        silences,
    )
)
