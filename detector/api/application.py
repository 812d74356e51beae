"""The aiohttp application: middlewares, headers, and every route there is."""

from aiohttp import web

from detector.api import (
    access,
    action_lists,
    actions,
    acts,
    alertmanager,
    alertmanager_silences,
    approval,
    clocks,
    contacts,
    coverage,
    exceptions,
    export,
    follow_up,
    forms,
    health,
    incidents,
    intake,
    judging,
    openapi,
    operations,
    people,
    periods,
    reports,
    requests,
    rules,
    silences,
    statistics,
    telling,
    visibility,
    waivers,
)
from detector.api.described import OPERATIONS
from detector.api.identity import identify
from detector.api.problem import Handler, problems
from detector.web import routes as web_routes
from detector.web.pages import STATIC
from detector.web.tables import TABLES

MAX_BODY_BYTES = 1024 * 1024
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def new_application() -> web.Application:
    """All routes; what they need is to be put under the keys of `detector.api.keys`, the pages under `frames.PAGES`."""
    app = web.Application(
        middlewares=[careful_headers, web_routes.error_pages, problems, identify, visibility.limit_sight],
        client_max_size=MAX_BODY_BYTES,
    )
    for table in (
        health.routes,
        openapi.routes,
        alertmanager.routes,
        alertmanager_silences.routes,
        incidents.routes,
        judging.routes,
        export.routes,
        periods.routes,
        visibility.routes,
        exceptions.routes,  # before acts, of whose addresses it has one
        acts.routes,
        actions.routes,
        action_lists.routes,
        approval.routes,
        clocks.routes,
        follow_up.routes,
        coverage.routes,
        silences.routes,
        statistics.routes,
        rules.routes,
        forms.routes,
        intake.routes,
        people.routes,
        access.routes,
        contacts.routes,
        telling.routes,
        requests.routes,
        reports.routes,
        waivers.routes,
        *TABLES,
    ):
        app.router.add_routes(table)
    app.router.add_static("/static/", STATIC)
    app[OPERATIONS] = operations.TABLE
    app[openapi.DESCRIPTION] = openapi.Description(app)
    return app


@web.middleware
async def careful_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What browsers must not do with our pages: keep them, frame them, run foreign code, tell where they came from."""
    response = await handler(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
