"""GroupGap: how far a figure differs between groups, and whether a swap changes it.

It answers both questions of row 33 of the literature: observed groups, and
  counterfactual rows, which differ only in what should not matter.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.column_names import listed
from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.groups import (
    MIN_SPEAKERS,
    SUMS,
    Cells,
    Floats,
    apart_in_pairs,
    cells_of,
    labels_of,
    of_label,
    others,
    shown_of,
)
from affectflow_transforms.measures.truth import sql_truth

Figure = Literal[
    "recall", "precision", "false_flag_rate", "accuracy", "prevalence", "mean"
]

MAX_GROUPS = 100
"""A column with more values than this is not a group but an id, a text or a time."""
COLUMNS = (
    *("source", "container", "kind", "lang", "origin", "speaker_role", "split"),
    "visibility",
)
_LENGTH, _ATTRIBUTE = "length", "attrs."
_BY_TRUTH = ("recall", "precision", "false_flag_rate", "accuracy")
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{figure: ("truth", "chosen") for figure in _BY_TRUTH},
        "prevalence": ("chosen",),
        "mean": ("value",),
    }
)
_WHY_NOT: Mapping[str, str] = MappingProxyType(
    {
        "recall": "nobody in the group has it",
        "precision": "nothing in the group is flagged",
        "false_flag_rate": "everybody in the group has it",
    }
)
_FEW = f"fewer than {MIN_SPEAKERS} speakers: not shown"
_NOBODY = "no speaker is known: map speaker=COLUMN"
_NO_REST = "the group, or the rest, has no value"
_DRAWN = MappingProxyType({"drawn": "yes"})


def _column() -> str:
    cases = " ".join(f"WHEN '{name}' THEN u.{name}" for name in COLUMNS)
    return f"""
CASE WHEN starts_with($across, '{_ATTRIBUTE}') THEN attrs[substr($across, 7)]
  WHEN $across = '{_LENGTH}' THEN length_group(u.text)
  ELSE CASE $across {cases} END
END"""


_ACROSS = f"""
SELECT unnest([{", ".join(f"'{name}'" for name in (*COLUMNS, _LENGTH))}])
UNION ALL
SELECT 'attrs.' || unnest(map_keys(attrs)) FROM utterances
"""


@dataclass(kw_only=True)
class GroupGap(Measure):
    """Compares a figure of an annotator between groups of people or texts.

    By label: the figure of each group, and how far it is from the rest; the `gap`,
    highest minus lowest; and the `ratio`, lowest by highest. Groups of fewer than 5
    speakers are not shown, and counted as `hidden`. Rows of one `pair` differ in
    nothing but the group: of them also the `flip_rate`, the share of pairs whose rows
    are not all answered alike, or of numbers the `pair_spread`, the mean of highest
    minus lowest.

    Args:
      figure: `recall`, `precision`, `accuracy`; `false_flag_rate`, the share flagged of
        those who do not have it; `prevalence`, the share flagged of all; or the `mean`
        of a value.
      across: of a lake: the column of utterances that makes the groups: `speaker_role`,
        `container`, `lang`, ...; `attrs.NAME`; or `length` of the text.
      label: only this one; all if empty.
      annotator: of a lake: whose answers, by its id or the beginning of it; empty for
        the one that reports rest on. Truth is what most people say.

    Raises:
      UsageError: `across` is no such column, or a person.
    """

    figure: Figure = "false_flag_rate"
    across: str = "speaker_role"
    label: str = ""
    annotator: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("part", pa.string(), metadata={"doc": "the group"}),
            pa.field("truth", pa.string(), metadata={
                "doc": "whether it is true: 1 or 0, true or false, yes or no"}),
            pa.field("chosen", pa.string(), metadata={
                "doc": "whether it is flagged, likewise"}),
            pa.field("value", pa.float64(), metadata={"doc": "a number, for `mean`"}),
            pa.field("weight", pa.float64(), metadata={
                "doc": "how many times the row counts; 1 if empty"}),
            pa.field("label", pa.string(), metadata={"doc": "the label"}),
            pa.field("pair", pa.string(), metadata={
                "doc": "rows of one pair differ only in the group"}),
            pa.field("speaker", pa.string(), metadata={
                "doc": "who wrote it; `unit`, or `pair`, if empty"}),
            pa.field("unit", pa.string(), metadata={
                "doc": "what intervals resample: a conversation, a pair or a speaker"}),
        ]
    )  # fmt: skip
    # `check_columns` knows what a figure needs; `refuses` says more than "no part".
    needed: ClassVar[tuple[str, ...]] = ()
    refuses: ClassVar[Mapping[str, str]] = {
        "no part; for a lake, --set across=COLUMN names what makes the groups": (
            "part IS NULL"
        ),
        "no truth": f"truth IS NULL AND $figure IN {_BY_TRUTH}",
        "chosen is missing, or value for a mean": (
            "if($figure = 'mean', value IS NULL, chosen IS NULL)"
        ),
        "truth is not 1 or 0, true or false, yes or no": (
            f"$figure IN {_BY_TRUTH} AND ({sql_truth('truth')}) IS NULL"
        ),
        "chosen is not 1 or 0, true or false, yes or no": (
            f"$figure <> 'mean' AND ({sql_truth('chosen')}) IS NULL"
        ),
        "the value is not a finite number": "NOT isfinite(coalesce(value, 0))",
        "the weight is not above 0": (
            "NOT coalesce(weight, 1) > 0 OR NOT isfinite(coalesce(weight, 1))"
        ),
    }
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    keys: ClassVar[tuple[str, ...]] = ("unit", "label", "part", "pair", "speaker")
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
labels AS (
  SELECT DISTINCT task, label FROM told
  WHERE label IS NOT NULL AND ($label = '' OR label = $label)
),
truths AS (
  SELECT utterance_id, label, bool_and(holds) AS truth FROM majority
  WHERE label IS NOT NULL GROUP BY ALL
)
SELECT {_column()} AS part,
  truth, coalesce(told.chosen, false) AS chosen, told.value, labels.label,
  CASE WHEN has_speakers THEN coalesce(u.speaker_id, '') ELSE u.conversation_id
    END AS speaker,
  u.conversation_id AS unit, utterance_id
FROM answered
JOIN labels USING (task)
CROSS JOIN known
JOIN utterances AS u USING (utterance_id)
LEFT JOIN told USING (utterance_id, task, label)
LEFT JOIN truths USING (utterance_id, label)
WHERE NOT coalesce(u.is_bot, false)
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "label": "SELECT label FROM observations",
        "across": _ACROSS,
    }
    wants: ClassVar[str] = "an annotator's answers"
    state: ClassVar[str] = f"""
SELECT
  coalesce(unit, pair, speaker) AS unit,
  label,
  part,
  pair,
  coalesce(speaker, unit, pair, '') AS speaker,
  sum(coalesce(weight, 1.0)) AS n,
  coalesce(sum(coalesce(weight, 1.0)) FILTER (truth AND chosen), 0.0) AS tp,
  coalesce(sum(coalesce(weight, 1.0)) FILTER (NOT truth AND chosen), 0.0) AS fp,
  coalesce(sum(coalesce(weight, 1.0)) FILTER (truth AND NOT chosen), 0.0) AS fn,
  coalesce(sum(coalesce(weight, 1.0)) FILTER (chosen), 0.0) AS chosen,
  coalesce(sum(coalesce(weight, 1.0) * value), 0.0) AS total
FROM (
  SELECT * REPLACE ({sql_truth("truth")} AS truth, {sql_truth("chosen")} AS chosen)
  FROM observations
)
WHERE $label = '' OR label = $label
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="how far a figure differs between groups: highest minus lowest",
        answers="for whom does an annotator make errors?",
        example="affectflow measure GroupGap lake --set figure=recall "
        "--set across=speaker_role --draws 1000",
        misleads="the highest of many groups is above the lowest by chance alone, so "
        "its interval never contains 0: compare each group with the rest; a gap in "
        "precision may be a gap in how common a feeling is",
    )

    def __post_init__(self) -> None:
        known = (*COLUMNS, _LENGTH, "attrs.NAME")
        is_attribute = self.across.startswith(_ATTRIBUTE)
        if self.across not in (*COLUMNS, _LENGTH) and not is_attribute:
            raise UsageError(
                f"no column {self.across!r} to compare groups; `across` must be one of "
                f"{', '.join(known)}"
            )

    def check_columns(self, present: Sequence[str], cure: str = "rename one") -> None:
        """Checks that the columns the figure needs are there.

        Raises:
          UsageError: one is missing; names the columns that are there.
        """
        for name in ("part", *_NEEDS[self.figure]):
            if name not in present:
                raise UsageError(
                    f"{self.figure} needs the column {name!r}: {cure.format(name)}; "
                    f"columns here: {listed(present, near=name)}"
                )

    def drawn(self, state: pa.Table) -> Iterator[pa.Table]:
        """Yields a state for each draw: of the groups that are shown."""
        labels = [of_label(state, label) for label in labels_of(state)]
        shown = pa.concat_tables(shown_of(rows) for rows in labels)
        for drawn in super().drawn(shown) if shown.num_rows else ():
            yield drawn.replace_schema_metadata(dict(_DRAWN))

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of each label."""
        is_draw = b"drawn" in (state.schema.metadata or {})
        for label in labels_of(state):
            name = " ".join(filter(None, [label, self.figure]))
            rows = of_label(state, label)
            groups = pc.unique(rows["part"]).to_pylist()
            if len(groups) > MAX_GROUPS:
                why = f"more than {MAX_GROUPS} groups: name a coarser column"
                yield Value("groups", name, "gap", math.nan, why=why)
                continue
            shown = rows if is_draw else shown_of(rows)
            cells = cells_of(shown)
            hidden = sorted(set(groups) - set(cells.names))
            yield Value("groups", name, "hidden", len(hidden))
            known = pc.any(pc.not_equal(rows["speaker"], "")).as_py()
            for part in hidden:
                why = _FEW if known else _NOBODY
                yield Value("group", part, name, math.nan, why=why)
            yield from self._groups(name, cells)
            yield from self._pairs(name, shown)

    def _groups(self, name: str, cells: Cells) -> Iterator[Value]:
        sums = cells.sums
        values, rest = self._values(sums), self._values(others(sums))
        why = _WHY_NOT.get(self.figure, "")
        for place, part in enumerate(cells.names):
            n = round(sums["n"][place])
            yield _value("group", part, name, float(values[place]), n, why)
            if len(cells.names) > 1:
                apart = float(values[place] - rest[place])
                said = f"{name} minus the rest"
                yield _value("group", part, said, apart, n, _NO_REST)
        known, n = values[~np.isnan(values)], round(float(sums["n"].sum()))
        for figure, value, undefined in _spread(known):
            yield Value("groups", name, figure, value, n=n, why=undefined)

    def _values(self, sums: Mapping[str, Floats]) -> Floats:
        """Returns the figure of each group, shape (groups,); NaN if undefined."""
        n, tp, fp, fn, chosen, total = (sums[each] for each in SUMS)
        above, below = {
            "recall": (tp, tp + fn),
            "precision": (tp, tp + fp),
            "false_flag_rate": (fp, n - tp - fn),
            "accuracy": (n - fp - fn, n),
            "prevalence": (chosen, n),
            "mean": (total, n),
        }[self.figure]
        empty = np.full(len(n), math.nan)
        return np.divide(above, below, out=empty, where=below > 0)

    def _pairs(self, name: str, rows: pa.Table) -> Iterator[Value]:
        """Yields how often rows of a pair are answered differently, or by how much."""
        rows = rows.filter(pc.is_valid(rows["pair"]))
        if rows.num_rows:
            of_values = self.figure == "mean"
            label = "pair_spread" if of_values else "flip_rate"
            value, n, single = apart_in_pairs(rows, of_values=of_values)
            yield _value("groups", name, label, value, n, "no pair has two groups")
            yield Value("groups", name, "unpaired", single)


def _value(  # a reason stands only beside what has no value
    unit_type: str, unit_id: str, label: str, value: float, n: int, why: str
) -> Value:
    return Value(
        unit_type, unit_id, label, value, n=n, why=why if math.isnan(value) else ""
    )


def _spread(values: Floats) -> Iterator[tuple[str, float, str]]:
    """Yields gap and ratio of the groups that have a value, or why there are none."""
    if len(values) < 2:
        why = "fewer than two groups have a value"
        yield "gap", math.nan, why
        yield "ratio", math.nan, why
        return
    low, high = float(values.min()), float(values.max())
    yield "gap", high - low, ""
    if low < 0 or high == 0:
        yield "ratio", math.nan, "the highest is 0, or the lowest below 0"
    else:
        yield "ratio", low / high, ""
