"""Groups of texts that the annotators should treat alike, and what they answer."""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affectflow.vocabularies import members
from affectflow_transforms.measures.group_gap import Figure
from tests.quality import datasets, embedded
from tests.quality.authored.reading import rows as authored
from tests.quality.embedded import Answers, Mask
from tests.quality.real.reading import PASSES, labels, sampled
from tests.quality.real.sampling import sample

SWAPS = Path(__file__).with_name("swaps.toml")
IRRITATION = members("irritation", "irritation", "goemotions")
EMOTIONS = "28 emotions"
VARIANTS = {
    "learner": "with a learner's grammar",
    "dialect": "in a dialect",
    "name": "with a name of another origin",
}

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Texts in groups.

    Args:
      about: what tells the groups apart.
      rows: observations of `GroupGap`: `label`, `part`, `truth`, `chosen`, `unit` and,
        where rows differ in the group alone, `pair`.
      figures: of `GroupGap`.
    """

    about: str
    rows: Sequence[Row]
    figures: Sequence[Figure] = ("false_flag_rate", "recall")


def comparisons(data: Path) -> list[Comparison]:
    """Returns everything that is compared.

    Args:
      data: the folder of the shared data sets.
    """
    return [
        *_minimal_pairs(),
        _swapped(),
        *_lengths(data),
        _roles(data),
        *_registers(data),
    ]


def flags(told: Answers) -> dict[str, Mask]:
    """Returns what is flagged of texts: frustration, and irritation."""
    return {
        "frustration": told.chosen["frustration"],
        "irritation": told.any_of(IRRITATION)[1],
    }


def _minimal_pairs() -> Iterator[Comparison]:
    """Yields pairs of authored texts that differ in grammar, dialect or a name."""
    written = authored("pairs")
    for kind, variant in VARIANTS.items():
        pairs = [row for row in written if row["kind"] == kind]
        texts = [(row, side) for row in pairs for side in "ab"]
        told = embedded.answers([row[side] for row, side in texts])
        found = flags(told)
        rows = [
            {
                "label": label,
                "part": variant if side == "b" else "as it was",
                "truth": bool(row[label]),
                "chosen": bool(found[label][place]),
                "pair": row["id"],
                "unit": row["id"],
            }
            for label in found
            for place, (row, side) in enumerate(texts)
        ]
        truths = [set(row["emotions"]) for row, _ in texts]
        parts = [variant if side == "b" else "as it was" for _, side in texts]
        units = [row["id"] for row, _ in texts]
        rows += _emotions(told, truths, parts, units)
        yield Comparison(about=f"the same message {variant}", rows=rows)


def _swapped() -> Comparison:
    """Returns sentences in which one person is swapped for another."""
    with SWAPS.open("rb") as file:
        written = tomllib.load(file)
    carriers = [
        (text, mood == "frustrated")
        for mood in ("calm", "glad", "frustrated")
        for text in written[mood]
    ]
    said = [(c, who) for c in range(len(carriers)) for who in written["people"]]
    found = flags(
        embedded.answers([carriers[c][0].replace("{who}", who) for c, who in said])
    )
    rows = [
        {
            "label": label,
            "part": who.removeprefix("a ").removeprefix("an "),
            "truth": carriers[carrier][1],
            "chosen": bool(found[label][place]),
            "pair": f"s{carrier}",
            "unit": f"s{carrier}",
        }
        for label in found
        for place, (carrier, who) in enumerate(said)
    ]
    return Comparison(about="the same sentence about another person", rows=rows)


def _lengths(data: Path) -> Iterator[Comparison]:
    heated = _reserved(data)
    told = embedded.answers([text for text, *_ in heated])
    yield Comparison(
        about="GitHub comments by length",
        rows=_frustration(told, heated, [datasets.length_band(t) for t, *_ in heated]),
    )
    reddit = datasets.goemotions_dev(data)
    told = embedded.answers(reddit.texts)
    kept = np.flatnonzero(told.answered).tolist()
    bands, units = reddit.groups["length"], reddit.units
    truth = np.any([reddit.truth[label] for label in IRRITATION], axis=0)
    rows = [
        {
            "label": "irritation",
            "part": bands[place],
            "truth": bool(truth[place]),
            "chosen": bool(flags(told)["irritation"][place]),
            "unit": units[place],
        }
        for place in kept
    ]
    held = [
        {label for label, has in reddit.truth.items() if has[place]}
        for place in range(len(units))
    ]
    rows += _emotions(told, held, bands, units)
    yield Comparison(about="Reddit comments by length", rows=rows)


def _roles(data: Path) -> Comparison:
    """Returns who opens an issue and who answers.

    No labelled set says who is new; this is the nearest.
    """
    heated = _reserved(data)
    told = embedded.answers([text for text, *_ in heated])
    rows = _frustration(told, heated, [role for *_, role in heated])
    return Comparison(about="GitHub comments by who writes", rows=rows)


def _reserved(data: Path) -> list[tuple[str, bool, str, str]]:
    """Returns text, frustration, thread and role of threads that nothing has seen."""
    given = datasets.heated_threads(data)
    there = zip(
        given.texts,
        given.truth["frustration"].tolist(),
        given.units,
        given.groups["role"],
        strict=True,
    )
    unseen = given.truth["reserved"]
    return [row for row, kept in zip(there, unseen, strict=True) if kept]


def _frustration(
    told: Answers, given: Sequence[tuple[str, bool, str, str]], parts: Sequence[str]
) -> list[Row]:
    chosen = flags(told)["frustration"]
    # Speakers have no ids there; texts stand for them, threads are drawn.
    return [
        {
            "label": "frustration",
            "part": part,
            "truth": truth,
            "chosen": bool(chosen[place]),
            "speaker": str(place),
            "unit": thread,
        }
        for place, ((_, truth, thread, _), part) in enumerate(
            zip(given, parts, strict=True)
        )
    ]


def _registers(data: Path) -> Iterator[Comparison]:
    """Yields real messages of chats, issues and code reviews.

    Half of them were drawn evenly over the score of frustration, where false flags are
    commoner than among all: these are counted in the other half.
    """
    found = sampled(data)
    told = embedded.answers([message.text for message in found])
    said = [labels(number) for number in PASSES]
    rows = [
        {
            "label": label,
            "part": message.domain,
            "truth": any(each[message.digest][label] for each in said),
            "chosen": bool(chosen[place]),
            "unit": message.id,
        }
        for label, chosen in flags(told).items()
        for place, message in enumerate(found)
    ]
    emotions = [
        {name for each in said for name in each[message.digest]["emotions"]}
        for message in found
    ]
    parts, units = [m.domain for m in found], [m.id for m in found]
    rows += _emotions(told, emotions, parts, units)
    at_random = {row["id"] for row in sample() if row["drawn"] == "random"}
    yield Comparison(
        about="real messages by register, drawn at random",
        rows=[row for row in rows if row["unit"] in at_random],
        figures=("false_flag_rate",),
    )
    yield Comparison(
        about="real messages by register, all 400", rows=rows, figures=("recall",)
    )


def _emotions(
    told: Answers,
    truths: Sequence[Iterable[str]],
    parts: Sequence[str],
    units: Sequence[str],
) -> list[Row]:
    """Returns a row for each text and emotion that the annotator has."""
    names = [name for name in told.chosen if name != "frustration"]
    return [
        {
            "label": EMOTIONS,
            "part": part,
            "truth": name in truth,
            "chosen": bool(told.chosen[name][place]),
            "unit": unit,
        }
        for place, (truth, part, unit) in enumerate(
            zip(truths, parts, units, strict=True)
        )
        for name in names
    ]
