"""The columns of answers, states and figures."""

import pyarrow as pa

GRID = 1_000_000
"""Scores are rounded to steps of 1 / GRID, halves upwards."""

MIN_POSITIVES = 10
"""Labels with fewer positives are shown but left out of macro means."""

MACRO, MICRO = "(macro)", "(micro)"

RESIDUE = 1e-10
"""Values whose standard deviation is at most this share of their mean are one value.

The variance left in a constant is rounding error: sums of 10^8 terms have a relative
error of about 10^-12.
"""

_KEYS = tuple(pa.field(name, pa.string()) for name in ("unit", "group", "label"))


def _table(type_: pa.DataType, *names: str) -> tuple[pa.Field, ...]:
    return tuple(pa.field(name, type_) for name in names)


ANSWERS = pa.schema(
    [
        *_KEYS,
        *_table(pa.bool_(), "truth", "chosen"),
        *_table(pa.float64(), "score", "weight"),
    ]
)
"""One row is one label of one utterance, as people and as an annotator see it.

Only `label` and `truth` are needed. `unit` is what a bootstrap resamples, most often a
conversation; `group` a slice to look at by itself; `weight` is 1 if it is missing.
"""

TALLY_KEYS = ("unit", "group", "label", "bin")
TALLIES = pa.schema(
    [
        *_KEYS,
        *_table(pa.int32(), "bin"),
        *_table(pa.int64(), "n", "n_positives", "undecided"),
        *_table(
            pa.float64(),
            "positives",
            "negatives",
            "chosen_positives",
            "chosen_negatives",
        ),
    ]
)
"""One row is one unit, group, label and score; `bin` is score x GRID, null without one.

`n` and `n_positives` count rows, `undecided` those without `chosen`; the last four are
sums of weights. At most GRID + 2 rows for each unit, group and label.
"""

MEASURED = (
    "precision",
    "recall",
    "f1",
    "auc",
    "average_precision",
    "brier",
    "brier_skill",
    "specificity",
)
FIGURES = pa.schema(
    [
        *_table(pa.string(), "group", "label"),
        *_table(pa.int64(), "n", "positives", "labels"),
        *_table(pa.float64(), "base_rate", *MEASURED),
        *_table(pa.string(), "why"),
    ]
)
"""One row is one group and label; rows `(micro)` and `(macro)` end each group.

`n` and `positives` count rows. `labels`: over how many labels a `(micro)` or `(macro)`
row goes. `why` says why a figure is null.
"""

VALUES = pa.schema([*_KEYS, *_table(pa.float64(), "truth", "value", "weight")])
"""One row is one utterance on one scale, as people and as an annotator see it.

Only `label`, `truth` and `value` are needed; see `ANSWERS` for the rest.
"""

MOMENT_KEYS = ("unit", "group", "label")
MOMENTS = pa.schema(
    [
        *_KEYS,
        *_table(pa.int64(), "n"),
        *_table(
            pa.float64(),
            "total",
            "mean_truth",
            "mean_value",
            "truth_truth",
            "value_value",
            "truth_value",
            "error_error",
        ),
    ]
)
"""One row is one unit, group and label: sum of weights, means, co-moments.

A co-moment is the sum of weight x distance from one mean x distance from the other;
`error_error` is that of value - truth.
"""

COMPARED = ("pearson", "ccc", "rmse", "bias")
VALUE_FIGURES = pa.schema(
    [
        *_table(pa.string(), "group", "label"),
        *_table(pa.int64(), "n"),
        *_table(pa.float64(), "mean_truth", "mean_value", *COMPARED),
        *_table(pa.string(), "why"),
    ]
)
"""One row is one group and scale. `bias`: mean of value - truth."""
