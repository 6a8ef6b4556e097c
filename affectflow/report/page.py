"""The page: the shell, and the sections in order."""

import base64
import hashlib
from collections.abc import Callable
from importlib import resources
from string import Template

from affectflow.report import basis as methods
from affectflow.report import charts, coverage, head, sections
from affectflow.report.events import events
from affectflow.report.filters import filters, script
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
    over_time,
    events,
    sections.displeasure,
    sections.pleasure,
    filters,
    coverage.languages,
    sections.emotions,
    sections.containers,
    coverage.unsaid,
    head.exclusions,
    head.refusals,
    methods.basis,
    methods.footer,
)
_UNLABELLED: tuple[Section, ...] = (
    coverage.unsaid,
    head.exclusions,
    head.refusals,
    methods.footer,
)
_EMPTY_OPENING: tuple[Section, ...] = (head.head, head.empty)
_EMPTY: tuple[Section, ...] = (head.refusals, methods.footer)


def render(facts: Facts, *, basis: str = "") -> str:
    """Returns the whole page as text; it loads nothing, not even from itself.

    `basis` identifies what the page is made from.
    """
    style = read("style.css")
    return Template(read("template.html")).substitute(
        policy=_policy(style),
        title=join(facts.title),
        style=style,
        body=content(facts),
        basis=basis,
        marks=marks(facts),
    )


def content(facts: Facts) -> Html:
    """Returns the content of the page, without the shell around it."""
    first, others = _parts(facts)
    opening = [section(facts) for section in first]
    made = [section(facts) for section in others]
    return el(
        "main",
        charts.hatching(),
        opening,
        head.navigation([*opening, *made]),
        made,
        class_="page",
    )


def _parts(facts: Facts) -> tuple[tuple[Section, ...], tuple[Section, ...]]:
    """Returns the opening and the sections for which the lake has something."""
    if not facts.one("counts")["messages"]:
        return _EMPTY_OPENING, _EMPTY
    return _OPENING, _SECTIONS if facts.annotator else _UNLABELLED


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
