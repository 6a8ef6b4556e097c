"""Extrapolates from two sizes: the fixed cost of a stage, and the cost per row."""

from dataclasses import replace
from typing import NamedTuple, Self

from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.rehearse import Rehearsal, Took, name_of


class Line(NamedTuple):
    """What a stage costs: `fixed` per run, and `each` per row."""

    fixed: float = 0.0
    each: float = 0.0

    @classmethod
    def through(cls, small: tuple[int, float], large: tuple[int, float]) -> Self:
        """Returns the line through (rows, cost) at two sizes; neither is negative.

        It always meets the larger one, which is closer to the whole: if the costs are
        those of no such line, all that it took is counted as the rows'. Without rows
        in the small one, first calls are in the large one: nothing is the rows'.
        """
        (few, little), (rows, cost) = small, large
        if not few:
            return cls(cost)
        most = cost / rows
        each = (cost - little) / (rows - few) if rows > few else most
        if not 0 <= each <= most:
            each = most
        return cls(cost - each * rows, each)

    def at(self, rows: float) -> float:
        """Returns the cost of a number of rows."""
        return self.fixed + self.each * rows


def costed(plan: StagePlan, largest: float, found: Rehearsal | None) -> StagePlan:
    """Returns a plan with everything that the stage would take.

    Args:
      plan: of a stage; says how many rows there are, and in how many parts.
      largest: rows of the largest part.
      found: what the rehearsal took; None if there is nothing to do at all.
    """
    if found is None or not plan.rows:
        return plan
    plan = _timed(plan, largest, found)
    if plan.stage != "annotate" or found.questions is None or found.asker is None:
        return plan
    return found.questions.planned(plan, found.asker)


def _timed(plan: StagePlan, largest: float, found: Rehearsal) -> StagePlan:
    """Returns a plan with what the stage took in the rehearsal, if it was in it."""
    name = name_of(plan.stage, plan.config_digest)
    if name not in found.large.took:
        return plan
    cold, small, large = (
        trial.took.get(name, _NOTHING)
        for trial in (found.cold, found.small, found.large)
    )
    lines = [_line(small, large, what) for what in ("seconds", "model_seconds")]
    first = max(0.0, cold.seconds - lines[0].at(cold.rows))
    plan = _with_seconds(plan, largest, first, *lines)
    is_model = plan.stage == "annotate"
    return replace(
        plan,
        bytes_out=round(_line(small, large, "bytes_out").at(plan.rows)),
        tokens=round(found.tokens * plan.rows / large.rows) if is_model else 0,
        model_calls=plan.units if large.model_calls else 0,
        peak_rss_bytes=round(
            (cold.peak_rss_bytes or small.peak_rss_bytes)
            + _growth(found, small, large) * max(0.0, largest - found.cold.largest)
        ),
        sample_rows=large.rows,
    )


def _line(small: Took, large: Took, what: str) -> Line:
    points = ((took.rows, float(getattr(took, what))) for took in (small, large))
    return Line.through(*points)


def _with_seconds(
    plan: StagePlan, largest: float, first: float, seconds: Line, model: Line
) -> StagePlan:
    """Returns a plan with its times.

    Args:
      plan: of the stage.
      largest: rows of the largest part.
      first: seconds that a process takes the first time, and never again.
      seconds: of the stage.
      model: seconds in the model; what they have fixed is its loading.
    """
    work, load = seconds.each * plan.rows, min(seconds.fixed, model.fixed)
    shared = wall(work, seconds.each * largest, plan.units, plan.workers)
    return replace(
        plan,
        load_seconds=first + load,
        model_seconds=model.each * plan.rows,
        work_seconds=work,
        fixed_seconds=seconds.fixed - load,
        wall_seconds=first + seconds.fixed + shared,
    )


def _growth(found: Rehearsal, small: Took, large: Took) -> float:
    """Returns by how many bytes memory grows per row of the largest part."""
    rows = found.large.largest - found.small.largest
    grew = large.peak_rss_bytes - small.peak_rss_bytes
    return max(0, grew) / rows if rows > 0 else 0.0


_NOTHING = Took(0, 0.0, 0.0, 0, 0, 0)
