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
    follow_up,
    forms,
    light,
    requests,
)
from detector.web import routes as basic

TABLES: Final[tuple[web.RouteTableDef, ...]] = tuple(
    module.routes
    for module in (basic, acting, forms, doing, light, actions, requests, approval, approvals, follow_up, clocks)
)
