"""A hint for runs whose values are outside the given scale."""

import json
from typing import Any

_GIVEN = """
    SELECT min(value), max(value)
    FROM (
        SELECT try_cast(raw AS DOUBLE) AS value FROM annotations
        WHERE annotator_id = $id AND status = 'out_of_range'
    )
"""


def off_scale(lake: str, row: dict[str, Any]) -> str:
    """Returns a hint if most values of a model are outside its scale, else nothing."""
    from affectflow.lake import open_lake
    from affectflow.schemas import Status
    from affectflow.stages.runs.statuses import WORDS

    counters = dict(row["counters"])
    outside = counters.get(WORDS[Status.OUT_OF_RANGE], 0)
    inside = sum(counters.get(WORDS[e], 0) for e in Status if e.is_answer)
    if outside <= inside or "scale" not in json.loads(row["config"])["arguments"]:
        return ""
    with open_lake(lake) as connection:
        found = connection.sql(_GIVEN, params={"id": row["annotator_id"]}).fetchall()
    low, high = found[0]
    if low is None:
        return ""
    return (
        f"{row['stage']}: most values are outside the scale; those outside range from "
        f"{low:.3g} to {high:.3g}: give the scale of the model with --set "
        "scale=LOW,HIGH"
    )
