"""Requests to a language model, and its completions."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from affectflow.errors import RowError, UsageError
from affectflow.nouns import count


class Message(NamedTuple):
    """One message of a chat; `_asdict()` is what templates and servers expect."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a model is asked: equal requests are asked once.

    Args:
      messages: a chat; the last message is the question.
      choices: the labels whose likelihood is wanted, in place of words; empty for
        words.
      max_new_tokens: the longest answer in words.
      media: what the model is shown besides the words, as it has written that down in
        `Asker.shown`; empty for nothing.
    """

    messages: tuple[Message, ...]
    choices: tuple[str, ...] = ()
    max_new_tokens: int = 64
    media: str = ""

    @property
    def digest(self) -> str:
        """BLAKE2b of the whole request; with the model, the key of a stored answer."""
        said = [self.messages, self.choices, self.max_new_tokens]
        said += [self.media] if self.media else []
        content = json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Completion:
    """The answer of a model to one request.

    Args:
      text: its words; of a closed question, the likeliest label.
      scores: of a closed question, a probability for each of `choices`, 0..1 and
        together 1; None of another, and where the model gives none: then the label is
        read out of `text`.
      tokens_in: of the question, as the model counts them.
      tokens_out: of the answer.
      truncated: the question was too long for the model, and cut.
    """

    text: str
    scores: tuple[float, ...] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    truncated: bool = False


Outcome = Completion | Exception
Complete = Callable[[Sequence[Request], Any], list[Outcome]]


def isolated(
    complete: Complete, requests: Sequence[Request], model: Any
) -> list[Outcome]:
    """Returns the outcomes of distinct requests; if `complete` fails, they are halved.

    Raises:
      UsageError, ImportError, MemoryError: as `complete` raises them; no request is at
        fault.
    """
    if not requests:
        return []
    try:
        outcomes = complete(requests, model)
    except (UsageError, ImportError, MemoryError):
        raise
    except Exception as error:  # any failure of a plugin belongs to a request
        if len(requests) == 1:
            return [error]
        half = len(requests) // 2
        return [
            outcome
            for part in (requests[:half], requests[half:])
            for outcome in isolated(complete, part, model)
        ]
    if len(outcomes) != len(requests):
        raise UsageError(
            f"`complete` returned {count(len(outcomes), 'completion')} for "
            f"{count(len(requests), 'request')}; it must return one per request, in "
            "order"
        )
    return [_sound(*both) for both in zip(outcomes, requests, strict=True)]


def _sound(outcome: Outcome, request: Request) -> Outcome:
    """Returns an outcome, or what is wrong with its scores."""
    if isinstance(outcome, Exception) or not request.choices:
        return outcome
    scores = outcome.scores
    if scores is None:
        return outcome
    if len(scores) != len(request.choices):
        return RowError(
            f"the model gave {count(len(scores), 'score')} for "
            f"{count(len(request.choices), 'choice')}"
        )
    if not all(math.isfinite(score) and 0 <= score <= 1 for score in scores):
        return RowError("the model gave a score that is not between 0 and 1")
    return outcome
