"""From two sizes to the whole: what a stage costs by itself, and for each row."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.rehearse import SAMPLE_ROWS, SECONDS, Rehearsal, Took, name_of


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a plan is made.

    Args:
      workers: that would share the work.
      price_per_hour: of one worker.
      sample: about so many rows are measured.
      seconds: about so long is measured.
    """

    workers: int = 1
    price_per_hour: float = 0.0
    sample: int = SAMPLE_ROWS
    seconds: float = SECONDS


class Line(NamedTuple):
    """What a stage costs: `fixed` by itself, and `each` for a row."""

    fixed: float = 0.0
    each: float = 0.0

    @classmethod
    def through(cls, small: tuple[int, float], large: tuple[int, float]) -> Self:
        """Returns the line through (rows, cost) at two sizes; neither is negative.

        It always meets the larger one, which is nearer to the whole: if the costs are
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
        """Returns what so many rows cost."""
        return self.fixed + self.each * rows


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much there is for a stage.

    Args:
      rows: to be worked on.
      units: splits, parts or buckets that they are in.
      largest: rows of the largest.
      rows_done: that would be skipped.
      units_done: that would be skipped.
      bytes_in: to be read.
      files: of the input.
    """

    rows: int = 0
    units: int = 0
    largest: float = 0.0
    rows_done: int = 0
    units_done: int = 0
    bytes_in: int = 0
    files: int = 0


def plan_stage(
    stage: str, digest: str, load: Load, found: Rehearsal | None, terms: Terms
) -> StagePlan:
    """Returns what a stage would take.

    Args:
      stage: ingest, annotate, mine or themes.
      digest: of its settings.
      load: how much there is to do.
      found: what the rehearsal took; None if there is nothing to do at all.
      terms: of the plan.
    """
    plan = StagePlan(
        stage=stage,
        config_digest=digest,
        files=load.files,
        units=load.units,
        units_done=load.units_done,
        rows=load.rows,
        rows_done=load.rows_done,
        bytes_in=load.bytes_in,
        workers=terms.workers,
        price_per_hour=terms.price_per_hour,
    )
    name = name_of(stage, digest)
    if found is None or not load.rows or name not in found.large.took:
        return plan
    return _Costs(found, name).put_into(plan, load)


class _Costs:
    """What a stage costs, from a rehearsal."""

    def __init__(self, found: Rehearsal, name: str):
        self._found = found
        self._cold, self._small, self._large = (
            trial.took.get(name, _NOTHING)
            for trial in (found.cold, found.small, found.large)
        )
        self._seconds = self._line("seconds")

    def _line(self, name: str) -> Line:
        points = (
            (took.rows, float(getattr(took, name)))
            for took in (self._small, self._large)
        )
        return Line.through(*points)

    def put_into(self, plan: StagePlan, load: Load) -> StagePlan:
        """Returns a plan with all that it takes."""
        model = self._line("model_seconds")
        fixed, each = self._seconds
        work, slowest = each * load.rows, each * load.largest
        first = max(0.0, self._cold.seconds - self._seconds.at(self._cold.rows))
        load_seconds = min(fixed, model.fixed)
        total = first + fixed + wall(work, slowest, load.units, plan.workers)
        return replace(
            plan,
            bytes_out=round(self._line("bytes_out").at(load.rows)),
            tokens=self._tokens(plan),
            model_calls=load.units if self._large.model_calls else 0,
            load_seconds=first + load_seconds,
            model_seconds=model.each * load.rows,
            work_seconds=work,
            fixed_seconds=fixed - load_seconds,
            wall_seconds=total,
            peak_rss_bytes=round(self._peak(load.largest)),
            sample_rows=self._large.rows,
        )

    def _tokens(self, plan: StagePlan) -> int:
        rows = self._large.rows if plan.stage == "annotate" else 0
        return round(self._found.tokens * plan.rows / rows) if rows else 0

    def _peak(self, largest: float) -> float:
        """Returns the memory of the worker with the largest part.

        What a process holds after all imports, and what it grew by with the rows.
        """
        small, large = self._found.small.largest, self._found.large.largest
        grew = max(0, self._large.peak_rss_bytes - self._small.peak_rss_bytes)
        each = grew / (large - small) if large > small else 0.0
        base = self._cold.peak_rss_bytes or self._small.peak_rss_bytes
        return base + each * max(0.0, largest - self._found.cold.largest)


_NOTHING = Took(0, 0.0, 0.0, 0, 0, 0)
