"""Messages, emotions and replies as tokens; the loss, and how good replies are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure
from affectflow.registry import nearest
from affectflow_transforms.conditioned.network import NO_EMOTION
from affectflow_transforms.finetune.splits import Rows, Source, column

_IGNORED = -100
"""A token whose loss does not count, as transformers has it."""
_DRAWS = 1_000
_SHOWN = ("bleu_4", "corpus_bleu_4", "distinct_2")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Messages with replies.

    Args:
      texts: of all rows.
      replies: of all rows.
      emotions: shape (rows,): the place of each label, from 1; 0 for none.
      labels: of the emotions.
      usable: rows with both texts.
      left_out: how many have not, by reason.
    """

    texts: list[str]
    replies: list[str]
    emotions: npt.NDArray[np.int64]
    labels: tuple[str, ...]
    usable: Rows
    left_out: Counter[str]


def pairs_of(
    source: Source, text: str, reply: str, emotion: str, labels: Sequence[str]
) -> Pairs:
    """Returns messages, replies and emotions of rows.

    Args:
      source: the rows.
      text: column of the message.
      reply: of the reply.
      emotion: of the label.
      labels: that there may be; empty for any.

    Raises:
      UsageError: a column is missing, a label is not known, or none is there.
    """
    texts, replies, said = (
        [str(each or "").strip() for each in column(source, name, option)]
        for option, name in {"text": text, "reply": reply, "emotion": emotion}.items()
    )
    found = Counter(filter(None, said))
    labels = tuple(labels) or tuple(sorted(found))
    for label, n in found.items():
        if label not in labels:
            raise UsageError(
                f"{n:,} rows of {str(source.files[0])!r} have the emotion {label!r}, "
                f"which is not one of the labels; {nearest(label, labels)} Correct the "
                "rows, or name another vocabulary"
            )
    if len(found) < 2:
        raise UsageError(
            f"{str(source.files[0])!r} has {len(found)} different `{emotion}`: give "
            "rows with two or more, or there is nothing to tell the encoder"
        )
    places = {label: place for place, label in enumerate(labels, NO_EMOTION + 1)}
    whole = np.array([bool(t and r) for t, r in zip(texts, replies, strict=True)])
    return Pairs(
        texts=texts,
        replies=replies,
        emotions=np.array([places.get(each, NO_EMOTION) for each in said], np.int64),
        labels=labels,
        usable=np.flatnonzero(whole),
        left_out=+Counter({"without text or reply": int((~whole).sum())}),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """A network with what it learns.

    Args:
      module: of `conditioned`.
      tokenizer: of its base.
      pairs: all rows.
      messages: token ids of each.
      answers: token ids of each reply.
    """

    module: Any
    tokenizer: Any
    pairs: Pairs
    messages: list[list[int]]
    answers: list[list[int]]

    @property
    def lengths(self) -> Rows:
        """Tokens of every row."""
        return np.array(
            [len(m) + len(a) for m, a in zip(self.messages, self.answers, strict=True)],
            np.int64,
        )

    def loss(self, rows: Rows) -> Any:
        """Returns the mean cross-entropy of the tokens of replies, with its graph."""
        from torch.nn import functional

        self.module.train()
        logits, targets = self._forward(rows, self.pairs.emotions[rows])
        return functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED
        )

    def losses(self, rows: Rows, emotions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Returns the sum of the cross-entropy of each reply, and its tokens.

        Args:
          rows: the messages.
          emotions: that the encoder is told of them.

        Returns:
          Shape (rows, 2).
        """
        import torch
        from torch.nn import functional

        self.module.eval()
        found = []
        with torch.inference_mode():
            for at in range(0, len(rows), 32):
                some = slice(at, at + 32)
                logits, targets = self._forward(rows[some], emotions[some])
                each = functional.cross_entropy(
                    logits.transpose(1, 2),
                    targets,
                    ignore_index=_IGNORED,
                    reduction="none",
                )
                counts = (targets != _IGNORED).sum(1)
                found.append(torch.stack([each.sum(1), counts.float()], 1).numpy())
        return np.concatenate(found).astype(np.float64)

    def _forward(self, rows: Rows, emotions: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        import torch

        pad = self.tokenizer.pad_token_id
        ids = filled_up([self.messages[row] for row in rows], pad)
        targets = torch.from_numpy(
            filled_up([self.answers[row] for row in rows], _IGNORED)
        )
        mask = filled_up([[1] * len(self.messages[row]) for row in rows], 0)
        logits = self.module(
            torch.from_numpy(ids),
            torch.from_numpy(mask),
            torch.from_numpy(emotions),
            targets,
        )
        return logits, targets


def filled_up(lists: Sequence[Sequence[int]], by: int) -> npt.NDArray[np.int64]:
    """Returns lists as the rows of a matrix, filled up at their ends."""
    longest = max(map(len, lists))
    return np.array(
        [[*each, *[by] * (longest - len(each))] for each in lists], np.int64
    )


def figures_of(
    lesson: Lesson, rows: Rows, replies: Sequence[str], units: Sequence[str]
) -> tuple[Figure, ...]:
    """Returns figures on messages that were held out, with 95 % intervals.

    Nats per token of the people's replies, told the right emotions, and told those of
    other messages; and how near the network's replies come to the people's.

    Args:
      lesson: with the network.
      rows: the messages.
      replies: that the network gave.
      units: what is drawn, of each message.
    """
    right = lesson.pairs.emotions[rows]
    others = np.random.default_rng(0).permutation(right)
    told = [
        _per_token(lesson.losses(rows, emotions), units, f"told {whose}")
        for emotions, whose in ((right, "the emotion"), (others, "another's emotion"))
    ]
    people = [lesson.pairs.replies[row] for row in rows]
    return (*told, *_overlap(replies, people, units))


def _per_token(sums: npt.NDArray[Any], units: Sequence[str], label: str) -> Figure:
    names, places = np.unique(np.asarray(units), return_inverse=True)
    of_units = np.zeros((len(names), 2))
    np.add.at(of_units, places, sums)
    drawn = np.random.default_rng(0).integers(0, len(names), (_DRAWS, len(names)))
    totals = of_units[drawn].sum(axis=1)
    low, high = np.quantile(totals[:, 0] / totals[:, 1], [0.025, 0.975])
    value = of_units[:, 0].sum() / of_units[:, 1].sum()
    return Figure("nats_per_token", label, float(value), float(low), float(high))


def _overlap(
    replies: Sequence[str], people: Sequence[str], units: Sequence[str]
) -> tuple[Figure, ...]:
    measure = registry.make("measures", "TextOverlap", {"draws": 200})
    pairs = pa.RecordBatch.from_pydict(
        {
            "candidate": list(replies),
            "reference": list(people),
            "annotator_id": [None] * len(units),
            "unit": list(units),
        },
        schema=measure.reads,
    )
    rows = measure.extract(measure.add(measure.create(), pairs)).to_pylist()
    return tuple(
        Figure(row["label"], "(replies)", row["value"], row["low"], row["high"])
        for row in rows
        if row["label"] in _SHOWN
    )
