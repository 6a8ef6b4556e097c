"""WeightedGold: a gold standard of ratings over time, and the weights of the raters.

How it is made, and by whom, says `affectflow_transforms.tracks.gold`. Raters react
late: AVEC 2018 takes SEWA's ratings 2 s earlier, on a grid of 10 Hz.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.registry import Card
from affectflow.sources.listing import list_files
from affectflow_transforms.tracks.gold import Gold, Way, gold_standard
from affectflow_transforms.tracks.raters import RATINGS, ratings_of, unread

_SUFFIXES = (".csv", ".tsv", ".txt", ".arff", ".parquet")
_DEFAULT = "rating"
UNREAD = {
    "a file is not a table": "no_table",
    "a file has no times": "no_times",
    "a file has no numbers": "no_numbers",
    "times go backwards": "times_backwards",
}
"""Why a file gave no rating: in words, and the reason of an `UnmeasuredError`."""
_TIME_US = f"(round(time * {US})::BIGINT - round($shift_s * {US})::BIGINT)"

Floats = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class WeightedGold(Measure):
    """Combines what several raters say over time into one series per recording.

    A rater weighs as much as the mean of the concordance correlations with the others.
    Says the `weight` and `agreement` of each rater and the agreement of all, or the
    gold standard itself.

    Args:
      tell: `raters`, or the values of the `gold` standard by time.
      way: `ewe`, ratings weighted by agreement; or `avec`, as AVEC 2016 and 2018 did.
      hz: of the grid; of each step the mean of the ratings in it is taken.
      shift_s: seconds by which ratings come late.
      dimension: what is rated, where neither a column nor the folder says so.

    Raises:
      UsageError: `hz` is not above 0, or `shift_s` below.
    """

    tell: Literal["raters", "gold"] = "raters"
    way: Way = "ewe"
    hz: float = 10.0
    shift_s: float = 0.0
    dimension: str = ""

    reads: ClassVar[pa.Schema] = RATINGS
    needed: ClassVar[tuple[str, ...]] = ("rater", "time", "value")
    refuses: ClassVar[Mapping[str, str]] = {
        **{said: f"unread = '{reason}'" for said, reason in UNREAD.items()},
        "the time or the rating is not a number": (
            "NOT isfinite(time) OR NOT isfinite(value)"
        ),
        "rated before the recording began": f"{_TIME_US} < 0",
    }
    keys: ClassVar[tuple[str, ...]] = ("recording", "dimension", "rater", "tick")
    state: ClassVar[str] = f"""
SELECT
  coalesce(recording, '') AS recording,
  coalesce(dimension, if($dimension = '', '{_DEFAULT}', $dimension)) AS dimension,
  rater,
  floor({_TIME_US} / round({US} / $hz))::BIGINT AS tick,
  sum(value) AS value,
  count(*) AS n
FROM observations
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="a gold standard of what raters say over time, and their weights",
        answers="what do raters of a recording say together, and whom should you "
        "believe?",
        example="affectflow measure WeightedGold 'ratings/*.csv' --set shift_s=2",
        misleads="raters who make the same mistake agree; a rater with another scale "
        "has a low weight, however well that rater sees the ups and downs",
    )

    def __post_init__(self) -> None:
        if not self.hz > 0 or self.shift_s < 0:
            raise UsageError(
                f"`hz` must be above 0 and `shift_s` at least 0, got {self.hz} and "
                f"{self.shift_s}"
            )
        if self.tell not in ("raters", "gold") or self.way not in ("ewe", "avec"):
            raise UsageError(
                "`tell` must be raters or gold, and `way` ewe or avec, got "
                f"{self.tell!r} and {self.way!r}"
            )

    def rows_of(self, path: str) -> pa.Table | None:
        """Returns the ratings of files; None for JSON Lines, which all measures read.

        A file that cannot be read is a row with the reason, so that it is counted.
        """
        if not path.endswith(_SUFFIXES):
            return None
        files = list_files(path, _SUFFIXES)
        return pa.concat_tables(self._of(file.uri) for file in files)

    def _of(self, uri: str) -> pa.Table:
        try:
            return ratings_of(uri, self.dimension)
        except UnmeasuredError as error:
            return unread(uri, error.reason)

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields what the raters of each recording come to."""
        order = [(name, "ascending") for name in self.keys]
        state = state.sort_by(order)
        for dimension in pc.unique(state["dimension"]).to_pylist():
            own = state.filter(pc.equal(state["dimension"], dimension))
            for recording in pc.unique(own["recording"]).to_pylist():
                rows = own.filter(pc.equal(own["recording"], recording))
                yield from self._values(recording, dimension, rows)

    def _values(
        self, recording: str, dimension: str, rows: pa.Table
    ) -> Iterator[Value]:
        raters, ticks, ratings = _matrix(rows)
        gold = gold_standard(ratings, self.way)
        if self.tell == "gold":
            there = (~np.isnan(ratings)).sum(axis=0)
            yield from self._moments(recording, dimension, ticks, there, gold)
            return
        n = (~np.isnan(ratings)).sum(axis=1)
        for place, rater in enumerate(raters):
            name = f"{recording}/{rater}" if recording else rater
            for label in ("weight", "agreement"):
                value = float((gold.weights, gold.agreement)[label != "weight"][place])
                why = gold.why or "has no moments in common with another"
                said = f"{dimension} {label}"
                yield Value("rater", name, said, value, n=int(n[place]), why=why)
        of_all = float(np.mean(gold.agreement)) if not gold.why else float("nan")
        said = f"{dimension} agreement"
        name, why = recording or "(all)", gold.why or "one has no moments in common"
        yield Value("recording", name, said, of_all, n=len(ticks), why=why)

    def _moments(
        self, recording: str, dimension: str, ticks: Any, there: Any, gold: Gold
    ) -> Iterator[Value]:
        if gold.why:
            name = recording or "(all)"
            yield Value("recording", name, dimension, float("nan"), why=gold.why)
            return
        step = round(US / self.hz)
        why = "no rater with a weight rates"
        for tick, n, value in zip(ticks, there, gold.values.tolist(), strict=True):
            name = f"{recording}@{int(tick) * step / US:.3f}"
            yield Value("moment", name, dimension, value, n=int(n), why=why)


def _matrix(rows: pa.Table) -> tuple[list[str], npt.NDArray[np.int64], Floats]:
    """Returns raters, ticks, and the mean rating of each rater at each tick."""
    who = rows["rater"].combine_chunks().dictionary_encode()
    ticks, place = np.unique(np.asarray(rows["tick"]), return_inverse=True)
    ratings = np.full((len(who.dictionary), len(ticks)), np.nan)
    mean = np.asarray(rows["value"]) / np.asarray(rows["n"])
    ratings[np.asarray(who.indices), place] = mean
    return who.dictionary.to_pylist(), ticks, ratings
