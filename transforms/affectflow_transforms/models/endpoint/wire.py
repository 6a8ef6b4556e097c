"""Requests and answers on the wire: OpenAI's chat completions."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.kinds.asker import Completion, Request
from affectflow_transforms.models.endpoint.failures import again
from affectflow_transforms.models.endpoint.likelihood import Token, likelihoods

TOP = 20
"""Likely tokens that are asked for at each place: as many as servers give."""
_CHARS_A_TOKEN = 4


def body_of(
    request: Request, name: str, extra: Mapping[str, Any], *, logprobs: bool
) -> bytes:
    """Returns the body of a request; it is greedy unless `extra` says otherwise."""
    body: dict[str, Any] = {
        "model": name,
        "messages": [message._asdict() for message in request.messages],
        "max_tokens": most_tokens(request),
        "temperature": 0,
    }
    if request.choices and logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP}
    return json.dumps(body | dict(extra), ensure_ascii=False).encode()


def most_tokens(request: Request) -> int:
    """Returns how long an answer may be: a label, where one of them is wanted."""
    if not request.choices:
        return request.max_new_tokens
    # Few tokens are shorter than three letters.
    return max(map(len, request.choices)) // 3 + 2


class Usage(NamedTuple):
    """The tokens of a question and its answer; a server that says none is guessed."""

    tokens_in: int
    tokens_out: int
    is_guessed: bool = False


def guess(content: bytes, answer: str = "") -> Usage:
    """Returns what a request may have used, at four letters per token."""
    asked = len(content) // _CHARS_A_TOKEN
    return Usage(asked, len(answer) // _CHARS_A_TOKEN + 1, is_guessed=True)


def read_answer(content: bytes, request: Request, sent: bytes) -> Completion:
    """Returns the completion that a server sent.

    Without logprobs, a closed question has no scores: the label is in the text.

    Raises:
      AgainError: it is not a completion.
    """
    try:
        answer = json.loads(content)
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
    except (ValueError, LookupError, TypeError) as error:
        raise again("the response is not a chat completion") from error
    if not isinstance(text, str):
        raise again("the message of the response is not text")
    used = _usage(answer.get("usage"), sent, text)
    scores = likelihoods(request.choices, list(_tokens(choice)))
    if scores is not None:
        text = request.choices[scores.index(max(scores))]
    return Completion(
        text=text.strip(),
        scores=scores,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
    )


def _usage(said: Any, sent: bytes, text: str) -> Usage:
    said = said if isinstance(said, dict) else {}
    found = [said.get(name) for name in ("prompt_tokens", "completion_tokens")]
    if all(isinstance(n, int) and 0 <= n < 1 << 31 for n in found):
        return Usage(*found)
    return guess(sent, text)


def _tokens(choice: Mapping[str, Any]) -> Iterator[Token]:
    """Yields the tokens of an answer, with the likely ones at each place."""
    logprobs = choice.get("logprobs")
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    try:
        for token in listed or ():
            likely = {
                each["token"]: _probability(each["logprob"])
                for each in token["top_logprobs"]
            }
            likely.setdefault(token["token"], _probability(token["logprob"]))
            yield Token(token["token"], likely)
    except (LookupError, TypeError, AttributeError) as error:
        raise again("its logprobs are not those of OpenAI") from error


def _probability(logprob: float) -> float:
    # Some servers write impossible tokens as -9999.
    return min(1.0, math.exp(max(-100.0, float(logprob))))
