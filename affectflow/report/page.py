"""The page: the shell, and the sections in order."""

import base64
import hashlib
from collections.abc import Callable
from importlib import resources
from string import Template

from affectflow.report import basis as methods
from affectflow.report import charts, coverage, head, sections
from affectflow.report.events import events
from affectflow.report.filters import filters
from affectflow.report.finding import finding
from affectflow.report.frustration import over_time
from affectflow.report.html import Html, el, join
from affectflow.report.queries import Facts
from affectflow.report.since import marks, since
from affectflow.report.threads import threads

Section = Callable[[Facts], Html | None]

_OPENING: tuple[Section, ...] = (head.head, finding, head.caution)
_SECTIONS: tuple[Section, ...] = (
    since,
    threads,
    filters,
    over_time,
    events,
    sections.displeasure,
    sections.pleasure,
    coverage.languages,
    sections.emotions,
    sections.containers,
    coverage.unsaid,
    head.exclusions,
    head.refusals,
    methods.basis,
    methods.footer,
)


def render(facts: Facts, *, basis: str = "") -> str:
    """Returns the whole page as text; it loads nothing, not even from itself.

    `basis` tells what the page is made from.
    """
    opening = [section(facts) for section in _OPENING]
    made = [section(facts) for section in _SECTIONS]
    body = el(
        "main",
        charts.hatching(),
        opening,
        head.navigation([*opening, *made]),
        made,
        class_="page",
    )
    style = _read("style.css")
    return Template(_read("template.html")).substitute(
        policy=_policy(style),
        title=join(facts.title),
        style=style,
        body=body,
        basis=basis,
        marks=marks(facts),
    )


def _policy(style: str) -> Html:
    """Returns a content security policy that allows this one style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Html(
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _read(name: str) -> str:
    return (resources.files("affectflow.report") / name).read_text(encoding="utf-8")
