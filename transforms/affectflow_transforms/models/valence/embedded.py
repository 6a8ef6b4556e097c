"""EmbeddedValence: how pleasant an utterance sounds, embedded in the package.

It needs no download, no GPU and no torch, and reads English.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from affectflow import weights as stored
from affectflow.batches.labelling import Answer
from affectflow.batches.texts import Mask
from affectflow.kinds.model import Scored
from affectflow.registry import Card
from affectflow_transforms.models import trained
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.emotions.embedded import ENGLISH
from affectflow_transforms.models.valence import rating
from affectflow_transforms.models.valence.model import (
    ANNOTATOR,
    RatedWords,
    Regression,
    ValueModel,
)


@dataclass(kw_only=True)
class EmbeddedValence(EmbeddedAnnotator[ValueModel]):
    """Says how pleasant utterances sound: `value` from 0, unpleasant, to 1, pleasant.

    The value comes from words that people rated and from the emotions of
    EmbeddedEmotions; 0.5 is the middle. `score` is null: a value is a strength, not a
    confidence. With `weights`, a regression gives valence, arousal and dominance.
    Utterances in languages other than English get no value; texts of more than 10,000
    characters are cut at their end.

    Args:
      cues: which cues are read: `in_text`, `words` or `as_written`.
      weights: folder that `affectflow train valence` wrote; empty for what comes with
        the package.

    Raises:
      UsageError: `cues` is unknown, or `weights` is not such a folder.
    """

    name: ClassVar[str] = ANNOTATOR
    languages: ClassVar[tuple[str, ...]] = ENGLISH
    weighs_cues: ClassVar[bool] = True
    card: ClassVar[Card] = Card(
        summary="valence by rated words and emotions; embedded, CPU, English",
        weights_licence="Apache-2.0 (VADER's ratings, MIT; trained on GoEmotions, "
        "CC BY 4.0)",
    )

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digests of the rated words and of the weights of emotions."""
        return (
            trained.sha256(rating.FILE)[:16]
            + stored.revision("affectflow_transforms.models.emotions")[:16]
        )

    def load_model(self) -> ValueModel:
        """Returns what comes with the package, or the regression in `weights`."""
        return Regression.load(self.own_folder) if self.weights else RatedWords.load()

    def understands(self, texts: list[str], known: Mask, model: ValueModel) -> Mask:
        """Returns which texts do not look foreign, whatever their tag says."""
        return ~model.english.looks_unsupported(texts)

    def score(self, texts: list[str], model: ValueModel) -> Scored:
        """Returns one value per text for each scale, and no score."""
        values = model.values(texts)
        answers = [
            Answer(
                task=label,
                vocabulary="vad",
                labels=(label,),
                values=column[:, None],
                chosen=np.ones((len(texts), 1), np.bool_),
                perspective="reader",
            )
            for column, label in zip(values.T, model.labels, strict=True)
        ]
        return Scored(answers=tuple(answers), truncated=model.english.truncated(texts))
