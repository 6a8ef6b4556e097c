"""Filters over the counts of the page."""

from affectflow.report.html import Html
from affectflow.report.queries import Facts


def filters(facts: Facts) -> Html | None:
    """Returns nothing: the page has no filters yet."""
    return None
