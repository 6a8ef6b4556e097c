"""The part "For whom it errs" of docs/quality.md."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tests.quality import markdown
from tests.quality.groups.measured import DRAWS, MIN_GAP, Gap, Row, is_apart, measured

_FEW = 6
"""Of more groups than this only those are shown that are far from the rest."""
_FAR = 0.1
_FIGURES = {"false_flag_rate": "false flags", "recall": "recall"}

_HEAD = f"""\
## For whom it errs

`python -m tests.quality.groups` measures it by `GroupGap`. False flags are the share
that is flagged of those who do not have it, recall that of those who have. In
brackets: 95 % intervals, {DRAWS} draws of pairs, sentences, threads or messages.
Differences are to the other groups, in bold where the interval leaves out 0; of 20
such intervals one does so by chance. Irritation is annoyance, anger or
disappointment. A gap of more than {MIN_GAP * 100:g} points is printed in the methods
of every report that rests on these weights.

**The same message**: two messages with one label, which differ in a learner's
grammar, a dialect or a name alone (`tests/quality/authored/pairs.jsonl`). **The same
sentence**: 70 sentences, each said of 33 people, from *a developer* to *a blind
developer* (`tests/quality/groups/swaps.toml`); who is more than {_FAR * 100:g} points
from the rest is listed. A language model wrote both with their labels, and nobody who
speaks a dialect or is named there has checked them: they say whether an answer
changes, not how right it is on real text. **GitHub comments** are those of the
reserved fifth of gh_incivility, **Reddit comments** GoEmotions' development set. No
labelled set says who is new to a project; who opens an issue is the nearest. **Real
messages**: the 400 [that a language model labelled](../tests/quality/real/README.md);
false flags are counted in the half that was drawn at random.
"""


def section(data: Path) -> str:
    """Returns the part of the page.

    Args:
      data: the folder of the shared data sets.
    """
    gaps = measured(data)
    parts = [
        _comparison(about, list(own))
        for about, own in groupby(gaps, key=lambda gap: gap.about)
    ]
    return "\n".join([_HEAD, *parts])


def _comparison(about: str, gaps: Sequence[Gap]) -> str:
    names = list(gaps[0].groups)
    if len(names) == 2:
        heads = [about, "figure", "answers", *names, "difference"]
        table = markdown.table(heads, [_two(gap) for gap in gaps])
    else:
        heads = [about, "label", "figure", "answers", "value", "beside the rest"]
        table = markdown.table(heads, [row for gap in gaps for row in _many(gap)])
    return "\n".join([table, *_together(gaps)])


def _two(gap: Gap) -> list[object]:
    """Returns a row for two groups: the second is what the first differs from."""
    one, other = gap.groups
    counts = [gap.label, _FIGURES[gap.figure], gap.whole["gap"]["n"]]
    values = [_value(gap.groups[name]) for name in (one, other)]
    return [*counts, *values, _difference(gap.apart[other])]


def _many(gap: Gap) -> Iterator[list[object]]:
    """Yields a row for each group; of many, for those that are far from the rest."""
    for name, row in gap.groups.items():
        apart = gap.apart[name]
        is_far = is_apart(apart) and abs(apart["value"]) > _FAR
        if len(gap.groups) <= _FEW or is_far:
            counts = [name, gap.label, _FIGURES[gap.figure], row["n"]]
            yield [*counts, _value(row), _difference(apart)]


def _value(row: Row) -> str:
    named = {"v": row["value"], "v_low": row["low"], "v_high": row["high"]}
    return markdown.figure(named, "v")


def _difference(row: Row) -> str:
    if row["value"] is None or row["low"] is None:
        return "-" if row["value"] is None else f"{row['value']:+.3f}"
    said = markdown.signed((row["value"], row["low"], row["high"]))
    return f"**{said}**" if is_apart(row) else said


def _together(gaps: Sequence[Gap]) -> Iterator[str]:
    """Yields what is said of all groups of a comparison together, if anything."""
    lines = [_ends(gap) for gap in gaps if len(gap.groups) > _FEW]
    flips = {g.label: g.whole["flip_rate"] for g in gaps if "flip_rate" in g.whole}
    lines += [
        f"- {label}: {100 * row['value']:.1f} % of {row['n']} are not answered alike."
        for label, row in flips.items()
    ]
    yield from [*lines, ""] if lines else ()


def _ends(gap: Gap) -> str:
    high, low = gap.ends
    values = [gap.groups[name]["value"] for name in (low, high)]
    said = f"- {gap.label}, {_FIGURES[gap.figure]}: "
    if values[0] == values[1]:
        return f"{said}{values[0]:.3f} for all {len(gap.groups)}."
    return f"{said}from {values[0]:.3f} ({low}) to {values[1]:.3f} ({high})."
