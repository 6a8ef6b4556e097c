"""Trains SkipChain on conversations whose turns people have labelled.

    affectflow train skip-chain --data FOLDER --out FOLDER

reads `dailydialog_train.json` of RECCON in FOLDER, gzipped or not. An annotator labels
the turns first: training learns how far to believe it, and how labels follow one
another. Dialogues that repeat one another are held out together.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, registry
from affectflow.batches.batch import concat, is_dead
from affectflow.batches.distributions import distribution
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Trained, Trainer
from affectflow.registry import Card
from affectflow.vocabularies import get
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import trained
from affectflow_transforms.models.conversations.figures import Answers, measured
from affectflow_transforms.models.conversations.folded import folded
from affectflow_transforms.models.conversations.links import pieces
from affectflow_transforms.models.conversations.near import groups
from affectflow_transforms.models.conversations.potentials import (
    ANNOTATOR,
    BESIDE,
    LOWEST,
    Potentials,
    Turns,
    learned,
)

VERSION = "1"
FILE = f"skip_chain_v{VERSION}.safetensors"
DATA = "dailydialog_train.json"
VOCABULARY, RATER = "dailydialog", "person:reccon"
MIN_DIALOGUES = 20
MAX_OPEN = 3


class Dialogue(NamedTuple):
    """A labelled conversation.

    Attributes:
      group: the group of dialogues that repeat one another.
      turns: its labelled turns.
    """

    group: str
    turns: Turns

    @property
    def is_held_out(self) -> bool:
        """Whether the group is kept for the figures: a fifth is, by a hash."""
        digest = hashlib.blake2b(self.group.encode(), digest_size=8).digest()
        return int.from_bytes(digest) % 5 == 0


@dataclass(kw_only=True)
class SkipChain(Trainer):
    """Trains SkipChain on `dailydialog_train.json` of RECCON, or on a file like it.

    Args:
      over: the installed model that labels the turns; its emotions are folded to the
        seven of DailyDialog.
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    over: str = defaults.MODEL
    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains SkipChain: how labels of turns follow one another (RECCON)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on the dialogues held out."""
        source = _source(data)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        dialogues = read_dialogues(source, self.over)
        seen = [each.turns for each in dialogues if not each.is_held_out]
        kept = [each for each in dialogues if each.is_held_out]
        labels = get(VOCABULARY).labels
        model, alone = learned(seen, labels), learned(seen, labels, linked=False)
        figures = tuple(measured(_answers(kept, model, alone, self.over), labels))
        said = (
            f"{len(kept):,} of {len(dialogues):,} dialogues, by a hash of the group "
            "of those that repeat one another"
        )
        written = self._written(model, source, passed_on)
        return trained.with_card(ANNOTATOR, FILE, written, said, figures, passed_on)

    def _written(self, model: Potentials, source: Path, licence: str) -> bytes:
        return trained.weights_file(
            model.arrays,
            annotator=ANNOTATOR,
            version=VERSION,
            source=source,
            licence=licence,
            settings={"beside": BESIDE, "lowest": LOWEST, "over": self.over},
            labels=",".join(model.labels),
            vocabulary=VOCABULARY,
        )


def _source(data: Path) -> Path:
    zipped = f"{DATA}.gz"
    name = zipped if (data / zipped).is_file() else DATA
    (source,) = trained.needed(data, name)
    return source


def read_dialogues(source: Path, over: str) -> list[Dialogue]:
    """Returns the dialogues of a file, labelled by people and by a model.

    Raises:
      UsageError: the file is not RECCON's, fewer than `MIN_DIALOGUES` have labels, or
        none or all of them are held out.
    """
    batch = _labelled(source)
    model = registry.make("models", over)
    batch = model.apply(batch, model.load_model())
    truth = distribution(batch, RATER, VOCABULARY)
    spread = folded(batch, model.annotator()["annotator_id"], VOCABULARY)
    known = ~np.isnan(truth).any(axis=1) & ~np.isnan(spread).any(axis=1)
    known &= np.asarray(pc.is_valid(batch.column("speaker_id")))
    ids, group_of = batch.column("conversation_id").to_pylist(), _groups(batch)
    found = [
        Dialogue(
            group_of[ids[piece.rows[0]]],
            Turns(
                spread[piece.rows].astype(np.float64),
                piece.links,
                truth[piece.rows].argmax(axis=1),
            ),
        )
        for piece in pieces(batch, known, MAX_OPEN)
    ]
    _check_enough(found, source)
    return found


def _labelled(source: Path) -> pa.RecordBatch:
    """Returns the living turns of a file, as they would come into a lake."""
    reader = registry.make("connectors", "ReadReccon", {"paths": [str(source)]})
    reader.check()
    read = [
        batch
        for pattern in reader.patterns
        for split in reader.splits(pattern)
        for batch in reader.read(split)
    ]
    if not read:
        raise UsageError(
            f"{str(source)!r} holds no dialogues: give a file in RECCON's format"
        )
    batch = concat(read)
    normalize = registry.make("transforms", defaults.INGEST_STEPS[0])
    living: pa.RecordBatch = normalize.process_batch(
        batch.filter(pc.invert(is_dead(batch)))
    )
    return living


def _groups(batch: pa.RecordBatch) -> dict[str, str]:
    """Returns the group of each conversation."""
    texts: dict[str, list[str]] = {}
    for name, text in zip(
        batch.column("conversation_id").to_pylist(),
        batch.column("text").to_pylist(),
        strict=True,
    ):
        texts.setdefault(name, []).append(text or "")
    return groups(texts)


def _check_enough(dialogues: Sequence[Dialogue], source: Path) -> None:
    held_out = [each.is_held_out for each in dialogues]
    if len(dialogues) < MIN_DIALOGUES:
        raise UsageError(
            f"{str(source)!r} has {len(dialogues)} dialogues with labels and speakers, "
            f"but {MIN_DIALOGUES} are needed: give a file in RECCON's format"
        )
    if all(held_out) or not any(held_out):
        raise UsageError(
            f"the dialogues of {str(source)!r} repeat one another, so none can be held "
            "out: give some that differ"
        )


def _answers(
    kept: Sequence[Dialogue], model: Potentials, alone: Potentials, over: str
) -> Answers:
    """Returns labels and probabilities of the turns held out, by three ways."""
    spread = np.concatenate([each.turns.spread for each in kept])
    chains = [each.turns for each in kept]
    return Answers(
        truth=np.concatenate([each.turns.labels for each in kept]),
        units=np.repeat(
            [each.group for each in kept], [len(each.turns.labels) for each in kept]
        ),
        scores={
            ANNOTATOR: np.concatenate(model.marginals(chains)),
            f"{over}, recalibrated": alone.alone(spread),
            over: spread,
        },
    )
