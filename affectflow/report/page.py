"""The page: the shell, the head, and the sections in order."""

import base64
import hashlib
from datetime import UTC, datetime
from importlib import resources
from string import Template

from affectflow.report import basis as methods
from affectflow.report import coverage, head, sections
from affectflow.report.filters import filters, script
from affectflow.report.html import Html, el, join
from affectflow.report.queries import Facts


def render(facts: Facts, *, lake: str, title: str, basis: str = "") -> str:
    """Returns the whole page as text; it loads nothing, not even from itself.

    `lake` is how the commands that the page shows spell the lake's place; `basis`
    tells what the page is made from.
    """
    style = read("style.css")
    return Template(read("template.html")).substitute(
        policy=_policy(style),
        title=join(title),
        style=style,
        body=content(facts, lake=lake, title=title),
        basis=basis,
    )


def content(facts: Facts, *, lake: str, title: str) -> Html:
    """Returns what the page says, without the shell that it stands in."""
    parts = [
        coverage.languages(facts, lake),
        sections.emotions(facts, lake),
        sections.displeasure(facts, lake),
        sections.pleasure(facts, lake),
        sections.containers(facts, lake),
        filters(facts),
        coverage.unsaid(facts, lake),
        head.exclusions(facts, lake),
        head.refusals(facts, lake),
        methods.basis(facts, lake),
        methods.footer(facts, lake, now=datetime.now(UTC)),
    ]
    return el("main", head.head(facts, title), parts, class_="page")


def _policy(style: str) -> Html:
    """Returns a content security policy: this style, our script, and nothing else."""
    return Html(
        f"default-src 'none'; style-src {allowed(style)}; "
        f"script-src {allowed(script())}; base-uri 'none'; form-action 'none'"
    )


def allowed(text: str) -> str:
    """Returns the source expression that allows one style or script in a page."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def read(name: str) -> str:
    """Returns a file of the page, such as its style."""
    return (resources.files("affectflow.report") / name).read_text(encoding="utf-8")
