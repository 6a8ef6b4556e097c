"""PerceptionGap: what writers feel against what readers see, and how much is noise.

The task is that of arXiv 2208.14244 (2022), on writers and readers of the same posts.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import SEED, times_drawn
from affectflow.errors import UsageError
from affectflow.kinds.measure import UNIT, Measure, Value
from affectflow.registry import Card
from affectflow.schemas import PEOPLE
from affectflow_transforms.measures.gaps import (
    COPIES,
    PERSPECTIVES,
    Gaps,
    beyond_noise,
    gaps_of,
)
from affectflow_transforms.measures.prediction import auc_of_text

_NONE = "(rating)"
_UNPAIRED = "no text is rated by both sides"
_ENDS = "`writer_min` and `reader_max`, or `writer_max` and `reader_min`"


@dataclass(kw_only=True)
class PerceptionGap(Measure):
    """Compares what writers say they feel with what readers think they feel.

    By label: the mean `gap` (writer minus mean of readers), the `correlation` of both,
    the share of the gap's variance that is `beyond_noise` of ratings, how many texts
    are `hidden` and which share of all, how well their words tell them (`auc`), and how
    many texts are `unpaired`: rated by one side only.

    Args:
      label: only this one; all if empty.
      writer_min: hidden texts have at least this from their writers, and
      reader_max: at most this from readers.
      writer_max: for the low end of a scale, such as valence: at most this, and
      reader_min: at least this from readers.
      folds: of the cross-validation that predicts from words which texts are hidden; 0
        for none.
      tell: figures of `labels`, or the gap of each of the `texts`.

    Raises:
      UsageError: only one of two limits is given, both ends are, or `folds` is 1.
    """

    label: str = ""
    writer_min: float | None = None
    reader_max: float | None = None
    writer_max: float | None = None
    reader_min: float | None = None
    folds: int = 0
    tell: Literal["labels", "texts"] = "labels"

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("perspective", pa.string(), metadata={
                "doc": "whose view: writer, self_report or reader"}),
            pa.field("value", pa.float64(), metadata={"doc": "the rating, a number"}),
            pa.field("label", pa.string(), metadata={"doc": "the emotion"}),
            pa.field("raters", pa.float64(), metadata={
                "doc": "number of raters that the value is the mean of; 1 if empty"}),
            pa.field("sd", pa.float64(), metadata={
                "doc": "standard deviation of those ratings (by n); 0 if empty"}),
            pa.field("text", pa.string(), metadata={"doc": "what is written"}),
            pa.field("item", pa.string(), metadata={
                "doc": "the text that is rated; `unit` if empty"}),
            pa.field("unit", pa.string(), metadata={
                "doc": "what intervals resample: a text or a conversation"}),
        ]
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("perspective", "value")
    refuses: ClassVar[Mapping[str, str]] = {
        "neither item nor unit": "item IS NULL AND unit IS NULL",
        "the perspective is not writer, self_report or reader": (
            f"perspective NOT IN {PERSPECTIVES}"
        ),
        "the value is not a finite number": "NOT isfinite(value)",
        "raters below 1, or an sd below 0": (
            "NOT coalesce(raters, 1) >= 1 OR NOT coalesce(sd, 0) >= 0 "
            "OR NOT isfinite(coalesce(raters, 1) + coalesce(sd, 0))"
        ),
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "item", "label", "by_reader", "text")
    query: ClassVar[str] = f"""
SELECT perspective, coalesce(value, a.chosen::INTEGER) AS value, label,
  u.text, utterance_id AS item,
  u.conversation_id AS unit, utterance_id
FROM annotations AS a
JOIN utterances AS u USING (utterance_id)
WHERE annotator_id IN {PEOPLE} AND label IS NOT NULL AND status = 'ok'
  AND perspective IN {PERSPECTIVES}
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "label": "SELECT label FROM observations",
    }
    wants: ClassVar[str] = "people's labels, by writers or self reports and by readers"
    state: ClassVar[str] = """
SELECT
  coalesce(unit, item) AS unit,
  coalesce(item, unit) AS item,
  label,
  perspective = 'reader' AS by_reader,
  CASE WHEN $folds > 0 THEN text END AS text,
  sum(coalesce(raters, 1.0)) AS n,
  sum(coalesce(raters, 1.0) * value) AS total,
  sum(coalesce(raters, 1.0) * (value ** 2 + coalesce(sd, 0.0) ** 2)) AS squares
FROM observations
WHERE $label = '' OR label = $label
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="writers' feelings against readers' impressions: gap, noise, hidden",
        answers="what do people feel that readers do not see?",
        example="affectflow measure PerceptionGap ratings.csv --set label=anger "
        "--set writer_min=2 --set reader_max=1",
        misleads="with few readers per text, most of the gap is rating noise: read "
        "`beyond_noise` first; one self-report has errors too, and they count as gap",
    )

    def __post_init__(self) -> None:
        high = (self.writer_min is None, self.reader_max is None)
        low = (self.writer_max is None, self.reader_min is None)
        if len(set(high)) > 1 or len(set(low)) > 1 or not (high[0] or low[0]):
            raise UsageError(f"give both limits of one end: {_ENDS}")
        if self.folds < 0 or self.folds == 1:
            raise UsageError(f"`folds` must be 0, or at least 2, got {self.folds}")

    def hidden(self, gaps: Gaps) -> npt.NDArray[np.bool_] | None:
        """Returns which texts are hidden; None where no limits are given."""
        if self.writer_min is not None and self.reader_max is not None:
            return (gaps.writer >= self.writer_min) & (gaps.reader <= self.reader_max)
        if self.writer_max is not None and self.reader_min is not None:
            return (gaps.writer <= self.writer_max) & (gaps.reader >= self.reader_min)
        return None

    def drawn(self, state: pa.Table) -> Iterator[pa.Table]:
        """Yields a state for each draw: its texts, and how often each counts.

        Sums alone do not say whether a text was drawn twice or has twice the readers.
        """
        unit = state[UNIT].combine_chunks().dictionary_encode("encode")
        items = state["item"].combine_chunks().dictionary_encode()
        place = state.schema.get_field_index("item")
        rows = state.set_column(place, "item", items).drop_columns(UNIT)
        for number in range(self.draws):
            counts = times_drawn(len(unit.dictionary), SEED + number)
            copies = pa.array(counts[unit.indices.to_numpy()])
            kept = rows.append_column(COPIES, copies)
            yield kept.filter(pc.greater(copies, 0))

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of each label, or the gap of each text."""
        for label in sorted(pc.unique(state["label"]).to_pylist(), key=str):
            same = pc.equal(state["label"], label) if label is not None else None
            rows = state.filter(pc.is_null(state["label"]) if same is None else same)
            gaps, unpaired = gaps_of(rows)
            name = label if label is not None else _NONE
            if self.tell == "texts":
                yield from self._texts(name, gaps)
            else:
                is_draw = COPIES in state.schema.names
                yield from self._figures(name, gaps, is_draw=is_draw)
                yield Value("label", name, "unpaired", unpaired, n=unpaired)

    def _texts(self, name: str, gaps: Gaps) -> Iterator[Value]:
        hidden = self.hidden(gaps)
        for place, item in enumerate(gaps.items):
            n = int(gaps.readers[place])
            yield Value("text", item, f"{name} gap", float(gaps.gap[place]), n=n)
            if hidden is not None:
                yield Value("text", item, f"{name} hidden", float(hidden[place]), n=n)

    def _figures(self, name: str, gaps: Gaps, *, is_draw: bool) -> Iterator[Value]:
        n = round(gaps.copies.sum())
        hidden = self.hidden(gaps)
        found = [("gap", *_mean(gaps)), ("correlation", *_correlation(gaps))]
        found += [("beyond_noise", *beyond_noise(gaps)), *_hidden(gaps, hidden)]
        for figure, value, why in found:
            yield Value("label", name, figure, value, n=n, why=why)
        if self.folds and not is_draw:
            if hidden is None:
                yield Value("label", name, "auc", math.nan, n=n, why=f"give {_ENDS}")
            else:
                auc = auc_of_text(gaps.items, gaps.texts, hidden, self.folds)
                yield Value("label", name, "auc", auc.value, n=auc.texts, why=auc.why)


def _mean(gaps: Gaps) -> tuple[float, str]:
    if not len(gaps.items):
        return math.nan, _UNPAIRED
    return float(np.average(gaps.gap, weights=gaps.copies)), ""


def _correlation(gaps: Gaps) -> tuple[float, str]:
    """Returns Pearson's r of both sides."""
    if len(gaps.items) < 2:
        return math.nan, "fewer than two texts are rated by both sides"
    if not (np.ptp(gaps.writer) and np.ptp(gaps.reader)):
        return math.nan, "one side does not vary"
    spread = np.cov(gaps.writer, gaps.reader, aweights=gaps.copies)
    return float(spread[0, 1] / math.sqrt(spread[0, 0] * spread[1, 1])), ""


def _hidden(
    gaps: Gaps, hidden: npt.NDArray[np.bool_] | None
) -> Iterator[tuple[str, float, str]]:
    if hidden is None:
        yield "hidden", math.nan, f"give {_ENDS}"
        return
    if not len(gaps.items):
        yield "hidden", math.nan, _UNPAIRED
        yield "hidden_share", math.nan, _UNPAIRED
        return
    found = float(gaps.copies[hidden].sum())
    yield "hidden", found, ""
    yield "hidden_share", found / float(gaps.copies.sum()), ""
