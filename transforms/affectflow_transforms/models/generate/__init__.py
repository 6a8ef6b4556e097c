"""Generate: any language model of the transformers library, asked with a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from affectflow.kinds.asker import Asker, Outcome, Request
from affectflow.registry import Card
from affectflow_transforms.models.generate import loading
from affectflow_transforms.models.generate.completing import completed
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.pretrained import PretrainedGenerator

__all__ = ["Generate"]

_ON_CPU = 64


@dataclass(kw_only=True)
class Generate(PretrainedGenerator, Asker[Generator]):
    """Asks a language model in this process, from a folder or from the hub.

    All requests of a part are tokenised at once and answered in batches of like
    length; one that fails is alone in failing, and running out of memory halves the
    batches. Answers in words are greedy, so that they are the same each time. Of a
    closed question the prompt is read once for all labels.

    Args:
      likelihood: of a label: the `sum` over its tokens, or their `mean`, which
        favours labels of many tokens.
      max_tokens: longest question and answer; a question that is longer loses its
        middle. 0 for the model's own limit, at most 8,192.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit.
    """

    likelihood: Literal["sum", "mean"] = "sum"

    architectures: ClassVar[tuple[str, ...]] = loading.ARCHITECTURES
    card: ClassVar[Card] = Card(
        summary="asks a language model in this process, with a prompt",
        weights_licence="the model's own",
        extra="torch",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_options()

    def together(self, model: Generator) -> int:
        """Returns fewer requests on a CPU, so that a killed run loses little."""
        return _ON_CPU if model.module.device.type == "cpu" else self.at_once

    def complete(self, requests: Sequence[Request], model: Generator) -> list[Outcome]:
        """Returns an outcome for each request; one that fails is alone in failing."""
        return completed(model, requests, self.likelihood)
