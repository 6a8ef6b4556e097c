"""Brier skill of EmbeddedEmotions, as it comes and after calibration.

    python -m tests.bench.calibration --data FOLDER

prints Markdown tables: the labels of GoEmotions dev as they come; Shaver's families on
two sets of developer text as they come, fitted on one half and measured on the other,
and fitted on the other set. The data sets lie in FOLDER as `goemotions`, `so_emotion`
and `se_github_emotion`; the last two are for research only, and nothing that is shipped
is fitted to them.
"""

import argparse
import csv
import functools
import gzip
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import registry
from affectflow.batches.bootstrap import Interval, bootstrap
from affectflow.gold.calibration import choosing
from affectflow.gold.calibration.curves import Curve
from affectflow.gold.calibration.fitting import Answers
from affectflow.schemas import SOURCE_BATCH
from affectflow.stages.ingest.ingest import ingest_steps
from affectflow.vocabularies import get, members

GOEMOTIONS, SHAVER = get("goemotions").labels, get("shaver").labels

MIN_POSITIVES = 50
_BATCH = 4_000

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Messages that people labelled, with the scores that a lake would store.

    Args:
      ids: of the messages.
      truth: for each label, what people say, shape (n,).
      scores: of GoEmotions' labels, shape (n, 28); NaN where not stored.
    """

    ids: list[str]
    truth: dict[str, Mask]
    scores: Floats

    def answers(self, label: str) -> Answers:
        """Returns answers for a label of GoEmotions, or for a family of Shaver's."""
        if label in self.truth and set(self.truth) == set(GOEMOTIONS):
            scores = self.scores[:, GOEMOTIONS.index(label)]
        else:
            scores = self._family(label)
        truth = self.truth[label]
        return Answers(
            scores=scores,
            truth=truth,
            weights=np.ones(len(truth)),
            conversations=np.arange(len(truth)),
        )

    def _family(self, family: str) -> Floats:
        parts = members(family, "shaver", "goemotions")
        own = self.scores[:, [GOEMOTIONS.index(part) for part in parts]]
        joined = 1 - np.prod(1 - np.nan_to_num(own), axis=1)
        return np.where(np.isnan(own).all(axis=1), np.nan, joined)

    def half(self) -> Mask:
        """Returns which messages are of the first half, by a digest of their id."""
        digests = (
            hashlib.blake2b(i.encode(), digest_size=8).digest() for i in self.ids
        )
        return np.array([digest[-1] % 2 == 0 for digest in digests])


def load(ids: list[str], texts: list[str], truth: dict[str, Mask]) -> Scored:
    """Returns messages with their scores; those without an answer are left out."""
    parts = [_score(texts[k : k + _BATCH]) for k in range(0, len(texts), _BATCH)]
    scores = np.concatenate(parts)
    # Whatever is answered has a label of rank 1.
    kept = ~np.isnan(scores).all(axis=1)
    return Scored(
        ids=[one for one, keep in zip(ids, kept, strict=True) if keep],
        truth={label: values[kept] for label, values in truth.items()},
        scores=scores[kept],
    )


def _score(texts: list[str]) -> Floats:
    rows = [
        {"utterance_id": f"t:{n}", "conversation_id": f"t:{n}", "text": text}
        for n, text in enumerate(texts)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=SOURCE_BATCH)
    for step in ingest_steps():
        batch = step.apply(batch)
    handler = registry.load("models", "EmbeddedEmotions")()
    answered = handler.apply(batch, handler.load_model())
    scores = np.full((len(texts), len(GOEMOTIONS)), np.nan)
    for row, labels in enumerate(answered.column("annotations").to_pylist()):
        for each in labels or ():
            if each["vocabulary"] == "goemotions" and each["score"] is not None:
                place = GOEMOTIONS.index(each["label"])
                scores[row, place] = each["score"]
    return scores


# -- data --------------------------------------------------------------------------


def goemotions(data: Path) -> Scored:
    """Returns the development set of GoEmotions."""
    with (data / "goemotions" / "dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    truth = {label: np.zeros(len(rows), np.bool_) for label in GOEMOTIONS}
    for place, (_, given, _) in enumerate(rows):
        for number in given.split(","):
            truth[GOEMOTIONS[int(number)]][place] = True
    return load([row[2] for row in rows], [row[0] for row in rows], truth)


def stack_overflow(data: Path) -> Scored:
    """Returns posts of Stack Overflow (Novielli et al. 2018), majority of three."""
    path = data / "so_emotion" / "ratings.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = {
        label: np.array([row[f"{label}_gold"] == "1" for row in rows])
        for label in SHAVER
    }
    ids = [f"{row['group']}/{row['set']}/{row['no']}" for row in rows]
    return load(ids, [row["text"] for row in rows], truth)


def github(data: Path) -> Scored:
    """Returns comments of GitHub (Imran et al. 2022)."""
    path = data / "se_github_emotion" / "train.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = {
        label: np.array([row[label.capitalize()] == "1" for row in rows])
        for label in SHAVER
    }
    return load([row["id"] for row in rows], [row["comment"] for row in rows], truth)


# -- figures -----------------------------------------------------------------------


def skill(predicted: Floats, answers: Answers) -> Interval:
    """Returns the Brier skill with its interval."""
    statistic = functools.partial(
        choosing.skill, predicted=predicted, truth=answers.truth
    )
    return bootstrap(answers.conversations, statistic)


def fitted(answers: Answers) -> Curve:
    """Returns the curve that `affectflow calibrate` fits, or the base rate."""
    if choosing.shortage(answers):
        return choosing.base_rate(answers)
    found = choosing.figures(choosing.cross_validated(answers), answers)
    helps = found.skill.value > 0
    return choosing.choose(answers) if helps else choosing.base_rate(answers)


def halves(scored: Scored, label: str) -> Floats:
    """Returns probabilities, each half of the messages fitted on the other."""
    answers, first = scored.answers(label), scored.half()
    predicted = np.zeros(len(answers))
    for held in (first, ~first):
        curve = fitted(answers.take(~held))
        predicted[held] = curve.probabilities(answers.scores[held])
    return predicted


def as_it_comes(scored: Scored) -> Iterator[str]:
    """Yields a table of GoEmotions' labels."""
    yield "| label | positives | Brier skill | ECE |\n|---|---|---|---|"
    for label in GOEMOTIONS:
        answers = scored.answers(label)
        if answers.truth.sum() >= MIN_POSITIVES:
            scores = choosing.assumed(answers.scores)
            error = choosing.ece(scores, answers)
            yield _line(label, answers, _spelt(skill(scores, answers)), f"{error:.3f}")


def on_developers(name: str, scored: Scored, other: Scored) -> Iterator[str]:
    """Yields rows of the table of families on developer text."""
    for label in SHAVER:
        answers = scored.answers(label)
        before, after = choosing.assumed(answers.scores), halves(scored, label)
        moved = fitted(other.answers(label)).probabilities(answers.scores)
        figures = [_spelt(skill(each, answers)) for each in (before, after, moved)]
        errors = [choosing.ece(each, answers) for each in (before, after)]
        said = f"{errors[0]:.3f}, {errors[1]:.3f}"
        yield _line(f"{name}: {label}", answers, *figures, said)


def _line(name: str, answers: Answers, *cells: str) -> str:
    return f"| {name} | {int(answers.truth.sum())} | {' | '.join(cells)} |"


def _spelt(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of data sets")
    data = parser.parse_args().data
    csv.field_size_limit(sys.maxsize)
    print("\n".join(as_it_comes(goemotions(data))))
    posts, comments = stack_overflow(data), github(data)
    print("\n| data: family | positives | as it comes | other half | other set | ECE |")
    print("|---|---|---|---|---|---|")
    print("\n".join(on_developers("Stack Overflow", posts, comments)))
    print("\n".join(on_developers("GitHub", comments, posts)))


if __name__ == "__main__":
    main()
