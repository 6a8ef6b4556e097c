"""EmbeddedGerman: Plutchik's eight emotions in German, embedded in the package.

It needs no download, no GPU and no torch.
"""

from dataclasses import dataclass
from typing import ClassVar

from affectflow import weights as stored
from affectflow.batches.labelling import Answer, choose_passing
from affectflow.batches.texts import Mask
from affectflow.kinds.model import Scored
from affectflow.registry import Card
from affectflow.vocabularies import get
from affectflow_transforms.models.embedded import EmbeddedAnnotator
from affectflow_transforms.models.german.model import ANNOTATOR, GermanModel


@dataclass(kw_only=True)
class EmbeddedGerman(EmbeddedAnnotator[GermanModel]):
    """Labels German utterances with Plutchik's eight emotions: several or none.

    A score is the probability of a label if the utterance expresses an emotion at all:
    the training data have no neutral lines. A label is chosen from the score at which
    half of the choices were right in cross-validation; if no label reaches its score,
    none is chosen. A text is German if `lang` says so or, without `lang`, if it has
    enough German words; others are not scored. Texts of more than 10,000 characters are
    cut at their end.

    Args:
      cues: the model reads cues in `words`, or texts `as_written`. Phrases of cues are
        English, so `as_written` is right unless a renderer writes German.
      weights: folder that `affectflow train german` wrote; empty for the weights that
        come with the package.

    Raises:
      UsageError: `cues` is unknown, or `weights` is not such a folder.
    """

    cues: str = "as_written"

    name: ClassVar[str] = ANNOTATOR
    languages: ClassVar[tuple[str, ...]] = ("de", "deu", "ger")
    card: ClassVar[Card] = Card(
        summary="Plutchik's eight emotions; embedded, CPU, German",
        weights_licence="Apache-2.0 (trained on XED, CC BY 4.0)",
    )

    @classmethod
    def shipped_revision(cls) -> str:
        """Returns the digest of the weights that come with the package."""
        return stored.revision("affectflow_transforms.models.german")

    def load_model(self) -> GermanModel:
        """Returns the model that comes with the package, or that in `weights`."""
        shipped = stored.folder("affectflow_transforms.models.german")
        return GermanModel.load(self.own_folder if self.weights else shipped)

    def understands(self, texts: list[str], known: Mask, model: GermanModel) -> Mask:
        """Returns which texts look German, or are tagged so and do not look foreign."""
        foreign = model.looks_unsupported(texts)
        return model.looks_german(texts) | known & ~foreign

    def score(self, texts: list[str], model: GermanModel) -> Scored:
        """Returns scores, and which labels reach their thresholds."""
        scores = model.scores(texts)
        emotions = Answer(
            task="emotion",
            vocabulary="plutchik",
            labels=get("plutchik").labels,
            scores=scores,
            chosen=choose_passing(scores, model.emotions.thresholds),
        )
        return Scored(answers=(emotions,), truncated=model.emotions.truncated(texts))
