"""SpanMiner: RECCON's first subtask, the cause as the answer to a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.registry import Card
from affectflow_transforms.miners.evidence import (
    Case,
    EvidenceMiner,
    Verdict,
    checked,
    trimmed,
)
from affectflow_transforms.models.pretrained.forward import Head, Network, outputs
from affectflow_transforms.models.sequence_classifier.answers import sigmoid

_WHAT = "a question-answering model"
TOO_LONG = "questions_too_long"
"""Counts questions that leave no room for the turn that they are about."""


class _Laid(NamedTuple):
    """A question with its context, and the tokens in which the answer may lie.

    Attributes:
      question: what is asked.
      context: the turns, or as many as there is room for.
      start: where the evidence begins in it.
      tokens: places of the evidence's tokens.
      offsets: where each of these stands in the context.
    """

    question: str
    context: str
    start: int
    tokens: Sequence[int]
    offsets: Sequence[tuple[int, int]]


@dataclass(kw_only=True)
class SpanMiner(EvidenceMiner):
    """Takes as causes what an extractive question-answering model answers.

    Each turn is asked about as evidence, in the words of RECCON, and the answer is the
    best span of that turn; that there is none is an answer, too: it stands at the first
    token. If the turns are too long together, those before the evidence are left out,
    then the end.

    Args:
      max_answer: longest cause, in tokens.
    """

    max_answer: int = 60

    card: ClassVar[Card] = Card(
        summary="finds causes by RECCON's question, with an extractive answer",
        weights_licence="the model's own",
        extra="torch",
        misleads="a model trained on other questions answers this one too: use one "
        "that was trained on RECCON",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_answer < 1:
            raise UsageError(f"`max_answer` must be at least 1, got {self.max_answer}")

    def load_model(self) -> Network:
        """Returns the model on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or answers no questions.
        """
        return self.load_network("AutoModelForQuestionAnswering", _WHAT)

    def judge(
        self, cases: Sequence[Case], network: Network
    ) -> Sequence[Verdict | None]:
        """Returns the best answer to each case; None where no answer is better."""
        with network.lock:
            laid = [_laid(network, case) for case in cases]
        account().tally(TOO_LONG, laid.count(None))
        asked = [each for each in laid if each is not None]
        if not asked:
            return [None] * len(laid)
        pairs = [(each.question, each.context) for each in asked]
        width = network.max_tokens
        said = checked(outputs(network, pairs, _logits(width), 2 * width))
        logits = iter(said.values)
        return [each and _best(each, next(logits), self.max_answer) for each in laid]


def question(case: Case) -> str:
    """Returns RECCON's question about a case."""
    return (
        f"The target utterance is {case.target}. The evidence utterance is "
        f"{case.evidence}. What is the causal span from context that is relevant to "
        f"the target utterance's emotion {case.label}?"
    )


def _laid(network: Network, case: Case) -> _Laid | None:
    """Returns a case as it fits into the model; None if the question alone does not."""
    tokenizer = network.tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    asked, room = question(case), network.max_tokens
    for first in dict.fromkeys((0, case.place)):
        context = " ".join(case.texts[first:])
        start = sum(len(text) + 1 for text in case.texts[first : case.place])
        encoding = tokenizer.encode(asked, context)
        if len(encoding.ids) <= room:
            return _of_evidence(asked, context, start, case.evidence, encoding)
    own = [n for n, of in enumerate(encoding.sequence_ids) if of == 1]
    kept = len(own) - (len(encoding.ids) - room)
    if kept < 1:
        return None
    context = context[: encoding.offsets[own[kept - 1]][1]]
    encoding = tokenizer.encode(asked, context)
    return _of_evidence(asked, context, start, case.evidence, encoding)


def _of_evidence(
    asked: str, context: str, start: int, evidence: str, encoding: Any
) -> _Laid:
    end = start + len(evidence)
    tokens = [
        place
        for place, of in enumerate(encoding.sequence_ids)
        if of == 1 and _is_in(encoding.offsets[place], start, end)
    ]
    offsets = [encoding.offsets[place] for place in tokens]
    return _Laid(asked, context, start, tokens, offsets)


def _is_in(offset: tuple[int, int], start: int, end: int) -> bool:
    # The blank before a word may belong to its token.
    return start - 1 <= offset[0] < offset[1] <= end


def _best(
    laid: _Laid, logits: npt.NDArray[np.float32], max_answer: int
) -> Verdict | None:
    """Returns the likeliest span of the evidence, scored against "no answer"."""
    if not laid.tokens:
        return None
    starts, ends = logits.reshape(2, -1).astype(np.float64)
    totals = starts[laid.tokens][:, None] + ends[laid.tokens][None, :]
    n = len(laid.tokens)
    length = np.arange(n)[None, :] - np.arange(n)[:, None]
    totals[(length < 0) | (length >= max_answer)] = -np.inf
    first, last = divmod(int(totals.argmax()), n)
    score = float(sigmoid(totals[first, last] - starts[0] - ends[0]))
    start = max(laid.offsets[first][0], laid.start)
    start, end = trimmed(laid.context, start, laid.offsets[last][1])
    return Verdict(start - laid.start, end - laid.start, score)


def _logits(width: int) -> Head:
    """Returns what reads start and end logits, each filled up to `width`."""

    def head(given: Any, mask: Any) -> Any:
        import torch

        first = mask.argmax(dim=1, keepdim=True)
        places = first + torch.arange(width, device=mask.device)
        places = places.clamp(max=mask.shape[1] - 1)
        both = [given.start_logits, given.end_logits]
        return torch.cat([each.gather(1, places) for each in both], dim=1)

    return head
