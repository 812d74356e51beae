"""Every route that the daemon offers, from the tables of its modules."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from aiohttp import web

import detector


def routes() -> Iterator[tuple[str, str]]:
    """(method, path) of each route; expressions within placeholders are left out, as in ``/i/{number}``."""
    for module in pkgutil.walk_packages(detector.__path__, "detector."):
        if module.name.startswith(("detector.api", "detector.web")):
            for table in vars(importlib.import_module(module.name)).values():
                if isinstance(table, web.RouteTableDef):
                    for route in table:
                        assert isinstance(route, web.RouteDef)
                        yield route.method, re.sub(r"\{(\w+):.*\}(?=/|$)", r"{\1}", route.path)
