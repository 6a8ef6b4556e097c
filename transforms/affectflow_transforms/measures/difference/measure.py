"""GroupDifference: whether groups of recordings differ in what was measured in them.

392 frames of 16 clips are 16 observations: frames of a clip resemble one another, so a
test over frames finds a difference in anything. Row 20 of the literature compares
action units of children with and without a diagnosis.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import SEED, times_drawn
from affectflow.errors import UsageError
from affectflow.kinds.measure import UNIT, Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.difference.tables import (
    Layout,
    is_read,
    means_of,
)
from affectflow_transforms.measures.difference.testing import (
    Floats,
    Test,
    Tested,
    compared,
    holm,
)
from affectflow_transforms.measures.gaps import COPIES
from affectflow_transforms.measures.groups import MIN_SPEAKERS

COLUMNS = ("speaker_role", "source", "container", "kind", "lang", "origin", "split")
_ATTRIBUTE = "attrs."
_FEW = f"fewer than {MIN_SPEAKERS} speakers: not shown"
_TESTS = ("rank", "mann_whitney", "permutation")


def _column() -> str:
    cases = " ".join(f"WHEN '{name}' THEN u.{name}" for name in COLUMNS)
    return f"""
CASE WHEN starts_with($group, '{_ATTRIBUTE}') THEN attrs[substr($group, 7)]
  ELSE CASE $group {cases} END
END"""


class _Channel(NamedTuple):
    """Units of one channel.

    Attributes:
      name: of the channel.
      means: of the units of each group that is shown.
      copies: how often each of them counts.
      hidden: groups of too few speakers.
      mixed: how many units are in several groups.
    """

    name: str
    means: dict[str, Floats]
    copies: dict[str, Floats]
    hidden: list[str]
    mixed: int


@dataclass(kw_only=True)
class GroupDifference(Measure):
    """Compares what was measured in recordings between groups of them.

    By channel: the level of each group, the mean over its units; the `gap`, highest
    minus lowest; and the `statistic` and `p` of a test, with `p_holm` for all channels
    at once. Each recording is one observation, however many frames it has. Groups of
    fewer than 5 speakers are not shown, and counted as `hidden`; units that are in
    several groups are left out, and counted as `mixed`.

    Args:
      group: the column whose values are the groups. Of a table with a column for each
        channel, as instruments write; empty for one with the columns `part`, `channel`
        and `value`. Of a lake `speaker_role`, `container`, ... or `attrs.NAME`.
      unit: of a table the column that names the recording, found by its name if empty;
        of a lake `conversation`, `speaker` or `utterance`.
      channels: the columns that are compared, or patterns of them as `AU*`; empty for
        all columns of numbers.
      speaker: of a table the column of the person, found by its name if empty.
      figure: the `level`, a mean of values; or the `rate`, the share above `above`.
      above: the value above which something is there, for `rate`.
      test: `rank` (Kruskal-Wallis), `mann_whitney`, or a `permutation` of the means.
      annotator: of a lake: whose values, by its id or the beginning of it; empty for
        the one that reports rest on.

    Raises:
      UsageError: `test` or `figure` is another word.
    """

    group: str = ""
    unit: str = ""
    channels: tuple[str, ...] = ()
    speaker: str = ""
    figure: Literal["level", "rate"] = "level"
    above: float = 0.5
    test: Test = "rank"
    annotator: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("part", pa.string(), metadata={"doc": "the group"}),
            pa.field("channel", pa.string(), metadata={
                "doc": "what was measured, such as AU12; `value` if empty"}),
            pa.field("value", pa.float64(), metadata={"doc": "a number"}),
            pa.field("frames", pa.float64(), metadata={
                "doc": "how many frames the value is the mean, or the share, of; empty "
                "if it is the value of one"}),
            pa.field("unit", pa.string(), metadata={
                "doc": "one observation, and what intervals draw: a recording"}),
            pa.field("speaker", pa.string(), metadata={
                "doc": "whose recording it is; `unit` if empty"}),
        ]
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("part", "value", "unit")
    refuses: ClassVar[Mapping[str, str]] = {
        "a value that is no finite number": "NOT isfinite(value)",
        "frames that are not above 0": (
            "NOT coalesce(frames, 1) > 0 OR NOT isfinite(coalesce(frames, 1))"
        ),
    }
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    keys: ClassVar[tuple[str, ...]] = ("unit", "item", "part", "channel", "speaker")
    query: ClassVar[str] = f"""
WITH who AS (
  SELECT CASE WHEN $annotator <> '' THEN $annotator ELSE (
    SELECT annotator_id FROM basis WHERE NOT is_person ORDER BY position LIMIT 1
  ) END AS annotator_id
),
told AS (
  SELECT utterance_id, task, label, bool_or(coalesce(chosen, false)) AS chosen,
    avg(value) AS value
  FROM annotations
  WHERE annotator_id = (SELECT annotator_id FROM who)
    AND (label IS NOT NULL OR status = 'ok')
  GROUP BY ALL
),
answered AS (SELECT DISTINCT utterance_id, task FROM told),
known AS (
  SELECT count(speaker_id) > 0 AS has_speakers
  FROM utterances SEMI JOIN answered USING (utterance_id)
  WHERE NOT coalesce(is_bot, false)
),
labels AS (SELECT DISTINCT task, label FROM told WHERE label IS NOT NULL),
valued AS (SELECT DISTINCT task FROM told WHERE value IS NOT NULL)
SELECT {_column()} AS part,
  label AS channel,
  CASE WHEN task IN (FROM valued) THEN told.value
    ELSE coalesce(told.chosen, false)::INTEGER END AS value,
  NULL::DOUBLE AS frames,
  CASE $unit WHEN 'speaker' THEN u.speaker_id WHEN 'utterance' THEN utterance_id
    ELSE u.conversation_id END AS unit,
  CASE WHEN has_speakers THEN coalesce(u.speaker_id, '') ELSE u.conversation_id
    END AS speaker,
  utterance_id
FROM answered
CROSS JOIN known
JOIN labels USING (task)
JOIN utterances AS u USING (utterance_id)
LEFT JOIN told USING (utterance_id, task, label)
WHERE NOT coalesce(u.is_bot, false)
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "group": f"SELECT unnest({list(COLUMNS)}) UNION ALL "
        f"SELECT '{_ATTRIBUTE}' || unnest(map_keys(attrs)) FROM utterances"
    }
    wants: ClassVar[str] = "an annotator's answers, and --set group=COLUMN"
    state: ClassVar[str] = """
SELECT
  unit,
  unit AS item,
  part,
  coalesce(channel, 'value') AS channel,
  coalesce(speaker, unit) AS speaker,
  sum(coalesce(frames, 1.0)) AS n,
  sum(coalesce(frames, 1.0) * CASE WHEN $figure = 'rate' AND frames IS NULL
    THEN (value > $above)::INTEGER ELSE value END) AS total
FROM observations
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="level or rate by group of recordings, tested per recording, with Holm",
        answers="does a face, a voice or a label differ between groups of recordings?",
        example="affectflow measure GroupDifference au.parquet --set group=class",
        misleads="a difference between groups is not the effect of what names them; "
        "several recordings of one person are not independent: then name the column of "
        "the person with --set unit=COLUMN",
    )

    def __post_init__(self) -> None:
        if self.test not in _TESTS or self.figure not in ("level", "rate"):
            raise UsageError(
                f"`test` must be one of {', '.join(_TESTS)}, and `figure` level or "
                f"rate, got {self.test!r} and {self.figure!r}"
            )

    def rows_of(self, path: str) -> pa.Table | None:
        """Returns the means of each recording of a table with a column per channel."""
        if not self.group or not is_read(path):
            return None
        layout = Layout(
            group=self.group,
            unit=self.unit,
            channels=self.channels,
            speaker=self.speaker,
        )
        return means_of(path, layout, self.above if self.figure == "rate" else None)

    def without(self, name: str, present: Sequence[str], cure: str) -> UsageError:
        """Returns the error for a missing column: most files have their own names."""
        cure = (
            "write the file as CSV or Parquet, and leave out --map"
            if self.group
            else "name the column of the groups with --set group=COLUMN"
        )
        return super().without(name, present, cure)

    def drawn(self, state: pa.Table) -> Iterator[pa.Table]:
        """Yields a state for each draw: its units, and how often each counts."""
        unit = state[UNIT].combine_chunks().dictionary_encode("encode")
        rows = state.drop_columns(UNIT)
        for number in range(self.draws):
            counts = times_drawn(len(unit.dictionary), SEED + number)
            yield rows.append_column(COPIES, pa.array(counts[unit.indices.to_numpy()]))

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields levels, gaps and tests of each channel."""
        is_draw = COPIES in state.schema.names
        names = sorted(pc.unique(state["channel"]).to_pylist())
        found = [
            _channel(n, state.filter(pc.equal(state["channel"], n))) for n in names
        ]
        for each in found:
            yield from self._levels(each)
        if is_draw:
            return
        results = [compared([*each.means.values()], self.test) for each in found]
        adjusted = holm([each.p for each in results])
        for each, result, p_holm in zip(found, results, adjusted, strict=True):
            yield from _told(each, result, p_holm)

    def _levels(self, channel: _Channel) -> Iterator[Value]:
        levels = []
        for part, means in channel.means.items():
            copies = channel.copies[part]
            value = math.nan
            if copies.sum():
                value = float(np.average(means, weights=copies))
                levels.append(value)
            said = f"{channel.name} {self.figure}"
            yield Value("group", part, said, value, n=len(means), why="no unit of it")
        for part in channel.hidden:
            said = f"{channel.name} {self.figure}"
            yield Value("group", part, said, math.nan, why=_FEW)
        several = len(levels) > 1
        gap = max(levels) - min(levels) if several else math.nan
        why = "" if several else "fewer than two groups are shown"
        yield Value("channel", channel.name, "gap", gap, n=_units(channel), why=why)


def _told(channel: _Channel, result: Tested, p_holm: float) -> Iterator[Value]:
    n = _units(channel)
    for label, value in (
        ("statistic", result.statistic),
        ("p", result.p),
        ("p_holm", p_holm),
    ):
        yield Value("channel", channel.name, label, value, n=n, why=result.why)
    for label, count in (("hidden", len(channel.hidden)), ("mixed", channel.mixed)):
        if count:
            yield Value("channel", channel.name, label, count, n=n)


def _units(channel: _Channel) -> int:
    return sum(map(len, channel.means.values()))


def _channel(name: str, rows: pa.Table) -> _Channel:
    """Returns the units of a channel, those of each group together."""
    keys = ["item", "part"]
    sums = [("n", "sum"), ("total", "sum")]
    if COPIES in rows.schema.names:
        sums.append((COPIES, "max"))
    units = (
        rows.group_by(keys, use_threads=False)
        .aggregate(sums)
        .sort_by([(key, "ascending") for key in keys])
    )
    items = units["item"].combine_chunks().dictionary_encode()
    code = np.asarray(items.indices)
    whole = (np.bincount(code, minlength=len(items.dictionary)) == 1)[code]
    means = np.asarray(units["total_sum"]) / np.asarray(units["n_sum"])
    copies = np.ones(len(means))
    if COPIES in rows.schema.names:
        copies = np.asarray(units[f"{COPIES}_max"], np.float64)
    own = pc.is_in(rows["item"], value_set=units["item"].combine_chunks().filter(whole))
    people = (
        rows.filter(own)
        .group_by("part", use_threads=False)
        .aggregate([("speaker", "count_distinct")])
    )
    many = {
        row["part"]: row["speaker_count_distinct"] >= MIN_SPEAKERS
        for row in people.to_pylist()
    }
    parts = units["part"].combine_chunks().dictionary_encode()
    named, codes = parts.dictionary.to_pylist(), np.asarray(parts.indices)
    shown = [part for part in sorted(many) if many[part]]
    inside = {part: (codes == named.index(part)) & whole for part in shown}
    return _Channel(
        name=name,
        means={part: means[rows_in] for part, rows_in in inside.items()},
        copies={part: copies[rows_in] for part, rows_in in inside.items()},
        hidden=sorted(part for part in many if not many[part]),
        mixed=int((~whole).sum()) and len(set(code[~whole])),
    )
