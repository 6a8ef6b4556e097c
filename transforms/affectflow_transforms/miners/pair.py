"""PairMiner: RECCON's second subtask, whether a turn entails the emotion of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow_transforms.miners.evidence import (
    Case,
    EvidenceMiner,
    Verdict,
    checked,
    trimmed,
)
from affectflow_transforms.models.pretrained.forward import Network, outputs
from affectflow_transforms.models.sequence_classifier.answers import sigmoid, softmax

_WHAT = "a sequence classifier"


@dataclass(kw_only=True)
class PairMiner(EvidenceMiner):
    """Takes whole turns as causes, by a classifier trained on RECCON's entailment.

    The classifier reads `EMOTION <SEP> TARGET <SEP> EVIDENCE <SEP> HISTORY`; the second
    of its two outputs, or its only one, says that the evidence is a cause. Text that is
    too long is cut at the end of its history.
    """

    card: ClassVar[Card] = Card(
        summary="finds turns that cause an emotion, by RECCON's entailment form",
        weights_licence="the model's own",
        extra="torch",
        misleads="its cause is a whole turn, most of which may be unrelated",
    )

    def load_model(self) -> Network:
        """Returns the classifier on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or does not answer yes or no.
        """
        network = self.load_network("AutoModelForSequenceClassification", _WHAT)
        if (n := network.module.config.num_labels) > 2:
            raise UsageError(
                "PairMiner needs a classifier with one or two outputs, that say "
                f"whether a turn is a cause, but {self.model_name!r} has {n}"
            )
        return network

    def judge(
        self, cases: Sequence[Case], network: Network
    ) -> Sequence[Verdict | None]:
        """Returns the whole evidence of each case, with its probability."""
        width = network.module.config.num_labels
        said = checked(outputs(network, list(map(entailed, cases)), _logits, width))
        scores = (softmax if width > 1 else sigmoid)(said.values)[:, -1]
        return [
            Verdict(*trimmed(case.evidence, 0, len(case.evidence)), float(score))
            for case, score in zip(cases, scores, strict=True)
        ]


def entailed(case: Case) -> str:
    """Returns what the classifier reads of a case."""
    history = " ".join(case.texts)
    return " <SEP> ".join([case.label, case.target, case.evidence, history])


def _logits(given: Any, mask: Any) -> Any:
    return given.logits
