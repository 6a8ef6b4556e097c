"""The web application: addresses, forms, and the shell around each page."""

from collections.abc import Callable
from http import HTTPStatus
from importlib import resources
from string import Template
from typing import Any
from urllib.parse import parse_qs

import duckdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from affectflow.errors import AffectflowError
from affectflow.report import filters, page
from affectflow.report.html import Html, el, join
from affectflow.serving import pages, query_box, threads
from affectflow.serving.database import ServedLake, Snapshot
from affectflow.serving.guard import Access, Guard
from affectflow.serving.pages import NotThereError, Page
from affectflow.serving.words import THEME

_MAX_FORM_BYTES = 200_000
_MOST_PAGES = 1_000_000
_PLACES = {
    "/": "Report",
    "/themes": "Themes",
    "/threads": "Threads",
    "/search": "Search",
    "/sql": "SQL",
}


def application(lake: ServedLake, access: Access) -> ASGIApp:
    """Returns the pages of a lake, guarded by `access`."""
    styles = [page.read("style.css"), _asset("serve.css")]
    shell = Shell(styles)

    def get(path: str, make: Callable[[Snapshot, Request], Page]) -> Route:
        def answer(request: Request) -> Response:
            title, content = made(lake, lambda snapshot: make(snapshot, request))
            return HTMLResponse(shell.around(title, content, request.url.path))

        # Not async: Starlette runs it in a thread, and DuckDB makes others wait.
        return Route(path, answer, methods=["GET"])

    async def ask(request: Request) -> Response:
        form = await _form(request)
        if not access.knows_token(form.get("token", "")):
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "the form is out of date: reload the page"
            )
        query = form.get("query", "")

        def answered(snapshot: Snapshot) -> Page:
            return query_box.answered(snapshot, query, access.token)

        title, content = await run_in_threadpool(made, lake, answered)
        return HTMLResponse(shell.around(title, content, "/sql"))

    async def failed(request: Request, error: Exception) -> Response:
        status, why = _why(error)
        content = join(el("h1", status.phrase), el("p", why, role="alert"))
        text = shell.around(status.phrase, content, request.url.path)
        return HTMLResponse(text, status)

    routes = [
        get("/", lambda snapshot, _: pages.report(snapshot)),
        get("/themes", lambda snapshot, _: pages.themes(snapshot)),
        get(
            THEME,
            lambda snapshot, request: pages.theme(
                snapshot,
                request.query_params.get("clustering", ""),
                request.query_params.get("theme", ""),
                _number(request),
            ),
        ),
        get(
            "/threads",
            lambda snapshot, request: threads.threads(
                snapshot, request.query_params.get("order", ""), _number(request)
            ),
        ),
        get(
            "/threads/{name:path}",
            lambda snapshot, request: threads.thread(
                snapshot, request.path_params["name"], _number(request)
            ),
        ),
        get(
            "/search",
            lambda snapshot, request: threads.search(
                snapshot, request.query_params, _number(request)
            ),
        ),
        get("/sql", lambda snapshot, _: query_box.empty(snapshot, access.token)),
        Route("/sql", ask, methods=["POST"]),
    ]
    handlers: Any = dict.fromkeys(
        (AffectflowError, HTTPException, duckdb.Error), failed
    )
    app = Starlette(routes=routes, exception_handlers=handlers)
    return Guard(app, access, shell.policy)


class Shell:
    """The shell around each page, and the policy that allows it.

    Args:
      styles: those of each page.
    """

    def __init__(self, styles: list[str]):
        self._styles = Html("".join(f"<style>{each}</style>" for each in styles))
        self._template = Template(_asset("shell.html"))
        styles_allowed = " ".join(map(page.allowed, styles))
        self.policy = (
            f"default-src 'none'; style-src {styles_allowed}; "
            f"script-src {page.allowed(filters.script())}; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )

    def around(self, title: str, content: Html, path: str) -> str:
        """Returns a whole page; `path` tells which of the places it is."""
        here = "/" + path.split("/")[1]
        links = [
            el(
                "li",
                el("a", name, href=at, aria_current="page" if at == here else None),
            )
            for at, name in _PLACES.items()
        ]
        inner = (
            content if "<main" in content[:20] else el("main", content, class_="page")
        )
        return self._template.substitute(
            title=join(title),
            styles=self._styles,
            places=el("nav", el("ul", links), aria_label="Pages"),
            content=inner,
        )


def made(lake: ServedLake, make: Callable[[Snapshot], Page]) -> Page:
    """Returns a page of the lake as it is now."""
    try:
        return make(lake.now())
    except duckdb.IOException:
        # Files have disappeared in the meantime: the lake was compacted.
        return make(lake.now(again=True))


def _why(error: Exception) -> tuple[HTTPStatus, str]:
    if isinstance(error, HTTPException):
        return HTTPStatus(error.status_code), error.detail
    if isinstance(error, NotThereError):
        return HTTPStatus.NOT_FOUND, str(error)
    return HTTPStatus.SERVICE_UNAVAILABLE, str(error).partition("\n")[0]


def _number(request: Request) -> int:
    said = request.query_params.get("page", "1")
    is_number = said.isascii() and said.isdigit() and len(said) <= 7
    return min(max(1, int(said)), _MOST_PAGES) if is_number else 1


async def _form(request: Request) -> dict[str, str]:
    """Returns the fields of a form.

    Starlette's own function needs a parser for uploads, which no page here sends.
    """
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MAX_FORM_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise HTTPException(status, "the form is too large")
    found = parse_qs(content.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def _asset(name: str) -> str:
    file = resources.files("affectflow.serving") / "assets" / name
    return file.read_text(encoding="utf-8")
