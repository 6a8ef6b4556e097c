"""Counts what the reader said of each build.

python -m tests.quality.read.join FOLDER FILE   joins FOLDER/verdicts.csv with the key
python -m tests.quality.read.join               prints the counts of all stored verdicts
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from affectflow.gold.figures.accuracy import wilson

READINGS = tuple(
    Path(__file__).with_name(name)
    for name in (
        "verdicts.csv",
        *(
            f"verdicts_{n}.csv"
            for n in (2, 3, 4, 5, "5_second", 6, "6_second", 7, "7_second")
        ),
    )
)
"""A file for each reading, the first first."""
SAYS = ("right", "acceptable", "wrong")
KINDS = ("top", "cause")
BUILDS = ("old", "new")
FURTHER = ("rank", "encoder")
"""Builds that some readings have beside the two that are compared."""
RESAMPLES = 10_000


class Verdict(NamedTuple):
    """What the reader says of an item; `builds` are those that said it.

    `why` names the kind of a mistake; the first reading did not write it down.
    """

    corpus: str
    kind: str
    builds: str
    digest: str
    answer: str
    verdict: str
    why: str = ""


def joined(folder: Path) -> list[Verdict]:
    """Returns the verdicts with what the key says of each number.

    Raises:
      ValueError: an item has no verdict, or one that is not known.
    """
    said = {row.pop("number"): row for row in rows(folder / "verdicts.csv")}
    found = []
    for row in rows(folder / "key.csv"):
        number = row.pop("number")
        judged = said.get(number, {})
        if (verdict := judged.get("verdict")) not in SAYS:
            raise ValueError(
                f"verdict of {number} must be one of {SAYS}, got {verdict!r}"
            )
        found.append(Verdict(**row, **judged))
    return sorted(found)


def stored(reading: Path) -> list[Verdict]:
    """Returns the verdicts that the repository keeps of a reading."""
    return [Verdict(**row) for row in rows(reading)]


def rows(file: Path) -> list[dict[str, str]]:
    """Returns the rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def store(found: Iterable[Verdict], reading: Path) -> None:
    """Writes the verdicts of a reading."""
    with reading.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Verdict._fields)
        writer.writerows(found)


def of(found: Iterable[Verdict], builds: Iterable[str]) -> list[Verdict]:
    """Returns the verdicts on items that one of the builds said."""
    return [each for each in found if set(builds) & set(each.builds.split("+"))]


def compared(found: Iterable[Verdict]) -> tuple[str, ...]:
    """Returns the builds of a reading: the two, and the further ones it has."""
    kept = list(found)
    return (*BUILDS, *(build for build in FURTHER if of(kept, [build])))


def difference(found: list[Verdict], kind: str) -> tuple[float, float, float]:
    """Returns new minus old, and its 95 % interval, in the share not wrong.

    Items are resampled, so that one that both builds said moves neither share alone.
    """
    own = [each for each in of(found, BUILDS) if each.kind == kind]
    good = np.array([each.verdict != "wrong" for each in own], float)
    by = {b: np.array([b in each.builds.split("+") for each in own]) for b in BUILDS}
    chance = np.random.default_rng(0)
    drawn = chance.integers(len(own), size=(RESAMPLES, len(own)))
    old, new = (
        (good * by[b])[drawn].sum(1) / by[b][drawn].sum(1).clip(1) for b in BUILDS
    )
    low, high = np.quantile(new - old, (0.025, 0.975))
    at = [(good * by[b]).sum() / by[b].sum() for b in BUILDS]
    return float(at[1] - at[0]), float(low), float(high)


def shares(found: Iterable[Verdict], kind: str) -> Iterator[str]:
    """Yields the share of each build that is not wrong, with Wilson's interval."""
    own = [each for each in found if each.kind == kind]
    for build in compared(own):
        good = [each.verdict != "wrong" for each in of(own, [build])]
        share, low, high = wilson(sum(good) / len(good), len(good))
        yield f"{build} {share:.3f} ({low:.3f} to {high:.3f})"


def decoys(found: Iterable[Verdict], kind: str) -> tuple[int, int]:
    """Returns how many decoys got the known answer, and of how many.

    Acceptable counts as right.
    """
    own = [each for each in found if each.answer and each.kind == kind]
    hits = [(each.verdict == "wrong") == (each.answer == "wrong") for each in own]
    return sum(hits), len(hits)


def mistakes(found: Iterable[Verdict], kind: str) -> Iterator[str]:
    """Yields how often each build is wrong in which way, if the reader named it."""
    named = [each for each in found if each.kind == kind and each.builds and each.why]
    builds = compared(named)
    for why, _ in Counter(each.why for each in named).most_common():
        own = [each for each in named if each.why == why]
        counts = " | ".join(str(len(of(own, [build]))) for build in builds)
        yield f"| {kind} | {why} | {counts} |"


def read_kinds(found: Iterable[Verdict]) -> list[str]:
    """Returns which kinds of items a reading has beside its decoys."""
    said = {each.kind for each in found if each.builds}
    return [kind for kind in KINDS if kind in said]


def table(found: list[Verdict]) -> Iterator[str]:
    """Yields the counts as a table in Markdown; `both` are items of both builds."""
    yield "| kind | corpus | old: right / acceptable / wrong | new | both |"
    yield "| --- | --- | --- | --- | --- |"
    corpora = sorted({each.corpus for each in found if each.builds})
    kinds = read_kinds(found)
    for kind, corpus in product(kinds, (*corpora, "all")):
        own = [v for v in found if v.kind == kind and corpus in ("all", v.corpus)]
        old, new = (of(own, [build]) for build in BUILDS)
        both = len(set(old) & set(new))
        yield f"| {kind} | {corpus} | {_counts(old)} | {_counts(new)} | {both} |"


def _counts(found: list[Verdict]) -> str:
    count = Counter(each.verdict for each in found)
    return " / ".join(str(count[each]) for each in SAYS)


def summary(found: list[Verdict]) -> Iterator[str]:
    """Yields the table, the differences, the decoys, the shares and the mistakes."""
    yield from table(found)
    yield ""
    kinds = read_kinds(found)
    for kind in kinds:
        change, low, high = difference(found, kind)
        hits, of_all = decoys(found, kind)
        yield f"- {kind}: not wrong {change:+.3f} ({low:+.3f} to {high:+.3f}); " + (
            f"decoys {hits} of {of_all}"
        )
        yield f"- {kind}: not wrong, {'; '.join(shares(found, kind))}"
    for kind in kinds:
        yield from mistakes(found, kind)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        store(joined(Path(sys.argv[1])), Path(sys.argv[2]))
    for file in READINGS:
        print(f"{file.name}\n", *summary(stored(file)), "", sep="\n")
