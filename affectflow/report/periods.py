"""The periods of counts over time: weeks, months, quarters or years."""

from datetime import timedelta

_WEEKS_BELOW = timedelta(days=183)
"""Below half a year months are too few to see anything."""
_MONTHS_BELOW, _QUARTERS_BELOW = timedelta(days=730), timedelta(days=2_190)


def week_or_month(span: timedelta | None) -> str:
    """Returns the period for plots over `span`; for None, no time is known."""
    return "week" if span is not None and span < _WEEKS_BELOW else "month"


def period_of(span: timedelta) -> str:
    """Returns the period for filters, which have room for fewer of them.

    It is `week`, `month`, `quarter` or `year`.
    """
    limits = {
        "week": _WEEKS_BELOW,
        "month": _MONTHS_BELOW,
        "quarter": _QUARTERS_BELOW,
    }
    return next((name for name, below in limits.items() if span < below), "year")
