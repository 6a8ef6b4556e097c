"""FollowUpReward: how good a reply is, by what its reader is likely to say next.

The mean log-likelihood per token of what a content reader would say, less that of what
a discontent one would (FLR, AAAI 2025). The published code differs: it uses raw logits
of one position.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.batch import Rows as Errors
from affectflow.batches.batch import error_row, refuse
from affectflow.batches.entries import Entry, annotations_of
from affectflow.batches.labelling import annotate
from affectflow.batches.readings import Readings, read
from affectflow.data_tables import TEXT, WORDS, checked, file_of, table_of
from affectflow.errors import UsageError
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, Status, fields
from affectflow_transforms.models.generate.choosing import log_likelihoods
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids, Layout, laid_out
from affectflow_transforms.models.generate.pretrained import PretrainedGenerator
from affectflow_transforms.models.generate.rendering import (
    disarmed,
    encoded,
    tokenised,
)
from affectflow_transforms.models.micro_batches import run_halved
from affectflow_transforms.models.pretrained.forward import padded, unknown_tokens
from affectflow_transforms.models.token_budget import Rows

TASK = "follow_up_reward"
TOTAL = "reward"
_HERE = "\ufffcfollow-up\ufffc"
"""Marks the place of a follow-up: no tokenizer takes it for anything else."""
_KEYS = MappingProxyType(
    {
        **dict.fromkeys(("summary", "version", "source", "licence"), TEXT),
        "positive": ("a table of lists of texts", table_of(WORDS)),
        "negative": ("a table of lists of texts", table_of(WORDS)),
    }
)
Exchange = tuple[str, str]
"""A message, and a reply to it."""


class FollowUps(NamedTuple):
    """What readers may say to a reply.

    Attributes:
      texts: all of them.
      dimension: the dimension of each text.
      good: whether a content reader says the text.
    """

    texts: tuple[str, ...]
    dimension: tuple[str, ...]
    good: tuple[bool, ...]

    @classmethod
    def load(cls, name_or_path: str) -> "FollowUps":
        """Returns the follow-ups of a taxonomy, or of a file that ends in `.toml`.

        Raises:
          UsageError: it does not exist or is malformed; the message names the line.
        """
        file = file_of("taxonomies", name_or_path)
        said = checked(file, file.table(), _KEYS, ("positive", "negative"))
        if set(said["positive"]) != set(said["negative"]):
            raise file.fault("[positive] and [negative] must have the same dimensions")
        found = [
            (text, dimension, key == "positive")
            for key in ("positive", "negative")
            for dimension, texts in said[key].items()
            for text in texts
        ]
        return cls(*map(tuple, zip(*found, strict=True)))

    def rewards(self, means: npt.NDArray[np.float64]) -> dict[str, float]:
        """Returns the reward, and that of each dimension.

        Args:
          means: the mean log-likelihood of the tokens of each text.
        """
        good, of = np.array(self.good), np.array(self.dimension)
        found = {TOTAL: float(means[good].mean() - means[~good].mean())}
        for dimension in dict.fromkeys(self.dimension):
            own = of == dimension
            found[dimension] = float(
                means[own & good].mean() - means[own & ~good].mean()
            )
        return found


@dataclass(kw_only=True)
class FollowUpReward(PretrainedGenerator, BatchModelHandler[Generator]):
    """Rates each reply by how likely a satisfied reader is to answer it.

    A reply is an utterance whose `reply_to` is in the same conversation; others
    abstain. Values are differences of log-likelihoods per token: above 0 if satisfied
    readers are likelier. Compare them only among replies to one message.

    Args:
      follow_ups: what readers may say: a taxonomy, or a file that ends in `.toml`.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or
        `follow_ups` does not exist.
    """

    follow_ups: str = "follow_ups"

    requires: ClassVar[pa.Schema] = fields(
        UTTERANCES, "utterance_id", "conversation_id", "reply_to", "text", "segments"
    )
    card: ClassVar[Card] = Card(
        summary="rates replies by the likelihood of what their readers say next",
        weights_licence="the model's own",
        extra="torch",
        answers="which reply would satisfy its reader most?",
        misleads="a likely 'thanks' does not prove that a reply was right; compare "
        "replies to the same message only",
    )

    def __post_init__(self) -> None:
        BatchModelHandler.__init__(self)
        self.unit = "conversation"
        self.check_options()
        self._follow_ups = FollowUps.load(self.follow_ups)

    def parameters(self) -> dict[str, Any]:
        """Returns the options, and what the follow-ups say, not where they stand."""
        return {**super().parameters(), "follow_ups": list(self._follow_ups.texts)}

    def predict(self, batch: pa.RecordBatch, model: Generator) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        A reply that the model cannot rate gets an error and no annotation.
        """
        readings = read(batch)
        exchanges = _exchanges(batch, readings)
        distinct = list(dict.fromkeys(exchanges.values()))
        rated = dict(
            zip(distinct, rate(model, distinct, self._follow_ups), strict=True)
        )
        entries: list[Entry] = []
        errors: list[Errors | None] = [None] * batch.num_rows
        for row in range(batch.num_rows):
            found = rated[exchanges[row]] if row in exchanges else None
            if isinstance(found, Exception):
                errors[row] = error_row(type(self).__name__, found)
            elif found is None:
                silent = bool(readings.silent[row])
                status = Status.NO_AUTHOR_TEXT if silent else Status.ABSTAINED
                entries.append(_entry(row, status=status))
            else:
                entries += [_entry(row, *both) for both in found.items()]
        new = annotations_of(entries, batch.num_rows, self.annotator()["annotator_id"])
        batch = annotate(batch, new)
        return refuse(batch, errors) if any(errors) else batch


def _exchanges(batch: pa.RecordBatch, readings: Readings) -> dict[int, Exchange]:
    """Returns message and reply of each row that is a reply, and can be read."""
    texts = readings.texts.to_pylist()
    places = {id_: row for row, id_ in enumerate(batch["utterance_id"].to_pylist())}
    found = {}
    for row, parent in enumerate(batch["reply_to"].to_pylist()):
        place = places.get(parent)
        if place is not None and not readings.silent[row] | readings.silent[place]:
            found[row] = (texts[place], texts[row])
    return found


def _entry(
    row: int,
    label: str | None = None,
    value: float | None = None,
    status: Status = Status.OK,
) -> Entry:
    return Entry(
        row=row,
        task=TASK,
        vocabulary=TASK,
        label=label,
        value=value,
        rank=1,
        chosen=label is not None,
        status=status,
        perspective="reader",
    )


# -- what the model says ---------------------------------------------------------------


def rate(
    generator: Generator, exchanges: Sequence[Exchange], follow_ups: FollowUps
) -> list[Mapping[str, float] | Exception]:
    """Returns the rewards of each reply, or why there aren't any.

    The exchange is read once for all follow-ups. If it is too long, it loses its
    middle.
    """
    with generator.lock:
        layout = laid_out(
            list(encoded(generator, follow_ups.texts, special=False)),
            generator.start_token,
        )
        found = _means(generator, exchanges, layout)
    return [
        each if isinstance(each, Exception) else follow_ups.rewards(each)
        for each in found
    ]


def _means(
    generator: Generator, exchanges: Sequence[Exchange], layout: Layout
) -> list[npt.NDArray[np.float64] | Exception]:
    """Returns, of each exchange, the mean log-likelihood of each follow-up's tokens."""
    texts = [opened(generator, *each) for each in exchanges]
    room = len(layout.tokens)
    if room >= generator.max_tokens:
        raise UsageError(
            f"the follow-ups take up {room} tokens, but the model reads at most "
            f"{generator.max_tokens}; name fewer with --set follow_ups=FILE.toml"
        )
    tokens = tokenised(generator, texts, room)
    found: dict[int, npt.NDArray[np.float64] | Exception] = {}
    found |= unknown_tokens(tokens, generator.n_known_tokens)
    living = np.setdiff1d(np.arange(len(texts)), list(found)).astype(np.int64)

    def attempt(rows: Rows) -> None:
        ids, mask, _ = padded(generator, tokens, rows)
        means = _of(generator, ids, mask, layout)
        found.update(zip(rows.tolist(), means, strict=True))

    found |= run_halved(generator, tokens.lengths + room, living, attempt)
    return [found[place] for place in range(len(texts))]


def _of(
    generator: Generator, ids: Ids, mask: Ids, layout: Layout
) -> npt.NDArray[np.float64]:
    found = log_likelihoods(generator, ids, mask, layout) / layout.n_tokens
    return np.asarray(found, np.float64)


def opened(generator: Generator, message: str, reply: str) -> str:
    """Returns an exchange up to where its reader begins to speak again."""
    said = [disarmed(each, generator.marks) for each in (message, reply)]
    said = [each.replace("\ufffc", " ") for each in said]
    if not generator.has_template:
        return f"User: {said[0]}\nAssistant: {said[1]}\nUser: "
    chat = [
        {"role": "user", "content": said[0]},
        {"role": "assistant", "content": said[1]},
        {"role": "user", "content": _HERE},
    ]
    written: str = generator.writer.apply_chat_template(chat, tokenize=False)
    return written.rpartition(_HERE)[0]
