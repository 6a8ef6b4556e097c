"""Raters: people as annotators of a lake."""

from affectflow.lake import Lake, open_lake

PREFIX = "person:"
"""Prefix of the annotator id of a rater."""

_RATERS = "SELECT annotator_id FROM annotators WHERE kind = 'person' ORDER BY 1"


def annotator_of(rater: str) -> str:
    """Returns the annotator id of a rater."""
    return PREFIX + rater


def raters_of(lake: Lake) -> list[str]:
    """Returns the names of those who have answered in a lake, sorted."""
    with open_lake(lake.uri) as connection:
        found = connection.execute(_RATERS).fetchall()
    return [annotator_id.removeprefix(PREFIX) for (annotator_id,) in found]
