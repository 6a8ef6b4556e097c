"""Trains the ranker on messages in which causes are marked.

    affectflow train causes --data FOLDER --out FOLDER

reads `texts.jsonl` and `labels_*.jsonl`, as `affectflow.sources.marked` describes them,
and writes `causes_v2.safetensors`, the same bytes each time with the same versions of
NumPy and SciPy. A tenth of the briefs and conversations gives the figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from safetensors.numpy import load

from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained, Trainer
from affectflow.registry import Card
from affectflow.sources.marked import TEXTS, Marked, read_marked
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.miners.rank import fit
from affectflow_transforms.miners.rank.model import ANNOTATOR, Ranker
from affectflow_transforms.models import trained

VERSION = "2"
FILE = f"causes_v{VERSION}.safetensors"
MIN_ROWS = 20
DRAWS = 1000


@dataclass(kw_only=True)
class Causes(Trainer):
    """Trains RankMiner on a folder with `texts.jsonl` and `labels_*.jsonl`.

    Args:
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains RankMiner: spans that cause an emotion, on marked messages"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted ranker, with its figures on messages for choosing."""
        passed_on = licence or "not stated"
        check_passing_on({"data": passed_on}, self.accept)
        messages = read_marked(data)
        learned = [each for each in messages if not each.is_for_choosing]
        held = [each for each in messages if each.is_for_choosing]
        _check(learned, "learn from")
        _check(held, "hold out")
        written = trained.weights_file(
            fit.fit(learned).packed(),
            annotator=ANNOTATOR,
            version=VERSION,
            source=data / TEXTS,
            licence=passed_on,
            settings={
                "min_texts": fit.MIN_TEXTS,
                "penalty": fit.PENALTY,
                "rounds": fit.ROUNDS,
                "authored": fit.AUTHORED,
                "real": fit.REAL,
            },
        )
        return trained.with_card(
            annotator=ANNOTATOR,
            file=FILE,
            weights=written,
            held_out="a tenth of the briefs and conversations by a hash, "
            f"{len(held):,} messages",
            figures=tuple(_figures(Ranker.unpacked(load(written)), held)),
            licence=passed_on,
        )


def _check(messages: Sequence[Marked], what: str) -> None:
    if (n := sum(bool(each.spans) for each in messages)) < MIN_ROWS:
        raise UsageError(
            f"{n} messages with a cause to {what}, but {MIN_ROWS} are needed: mark more"
        )


def _figures(ranker: Ranker, held: Sequence[Marked]) -> Iterator[Figure]:
    """Yields token-F1 where a cause is marked; draws are of messages."""
    learned = fit.lessons(held, ranker.words, every=False)
    learned = [lesson for lesson in learned if lesson.spans]
    found = ranker.rank([lesson.case for lesson in learned])
    right = []
    for lesson, best in zip(learned, found, strict=True):
        own = set(range(best.first, best.last + 1))
        marked = [fit.places(lesson.case.tokens, span) for span in lesson.spans]
        f1 = [2 * len(own & each) / (len(own) + len(each)) for each in marked]
        right.append(float(np.mean(f1)))
    drawn = np.random.default_rng(0).integers(len(right), size=(DRAWS, len(right)))
    low, high = np.quantile(np.array(right)[drawn].mean(axis=1), (0.025, 0.975))
    yield Figure("token_f1", "cause", float(np.mean(right)), float(low), float(high))
