"""Requests to completions: grouped, tokenised, planned, answered, put back in order."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from affectflow.errors import RowError, UsageError
from affectflow.kinds.account import account
from affectflow.kinds.asker import Completion, Outcome, Request
from affectflow_transforms.models.generate.choosing import log_likelihoods, scores_of
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids, Layout, ended, laid_out
from affectflow_transforms.models.generate.rendering import (
    encoded,
    rendered,
    tokenised,
)
from affectflow_transforms.models.generate.writing import written
from affectflow_transforms.models.micro_batches import run_halved
from affectflow_transforms.models.pretrained.forward import padded, unknown_tokens
from affectflow_transforms.models.pretrained.tokens import Tokens
from affectflow_transforms.models.token_budget import Rows

Answer = Callable[[Ids, Ids], Sequence[Completion]]


def completed(
    generator: Generator, requests: Sequence[Request], likelihood: str
) -> list[Outcome]:
    """Returns an outcome for each request, in order; safe to call from two threads.

    Args:
      generator: the model.
      requests: any requests; those with the same choices are asked together.
      likelihood: as `scores_of` takes it.
    """
    groups: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault((request.choices, request.max_new_tokens), []).append(place)
    outcomes: dict[int, Outcome] = {}
    with generator.lock:
        for (choices, longest), places in groups.items():
            texts = [rendered(generator, requests[place].messages) for place in places]
            before, after = len(outcomes), len(outcomes) + len(places)
            with account().within(before / len(requests), after / len(requests)):
                if choices:
                    found = chosen(generator, texts, choices, likelihood)
                else:
                    found = worded(generator, texts, longest)
            outcomes |= dict(zip(places, found, strict=True))
    return [outcomes[place] for place in range(len(requests))]


def chosen(
    generator: Generator, texts: Sequence[str], choices: Sequence[str], likelihood: str
) -> list[Outcome]:
    """Returns the likeliest of `choices` for each question, and scores of all."""
    layout = layout_of(generator, choices)

    def answer(ids: Ids, mask: Ids) -> list[Completion]:
        found = log_likelihoods(generator, ids, mask, layout)
        return _completions(scores_of(found, layout, likelihood), choices, layout)

    room = len(layout.tokens)
    return _asked(generator, tokenised(generator, texts, room), room, answer)


def worded(generator: Generator, texts: Sequence[str], longest: int) -> list[Outcome]:
    """Returns the answer to each question in words, at most `longest` tokens."""

    def answer(ids: Ids, mask: Ids) -> list[Completion]:
        found = written(generator, ids, mask, longest)
        return [Completion(text=text, tokens_out=n) for text, n in found]

    return _asked(generator, tokenised(generator, texts, longest), longest, answer)


def layout_of(generator: Generator, choices: Sequence[str]) -> Layout:
    """Returns where labels stand behind a prompt of a model.

    Raises:
      UsageError: a label has no token in the model.
    """
    labels = list(encoded(generator, choices, special=False))
    if not all(labels):
        lost = choices[[bool(label) for label in labels].index(False)]
        raise UsageError(
            f"the label {lost!r} has no token in this model; give it another name"
        )
    return laid_out(ended(labels, generator.end_token), generator.start_token)


def _completions(
    scores: np.ndarray, choices: Sequence[str], layout: Layout
) -> list[Completion]:
    return [
        Completion(
            text=choices[int(row.argmax())],
            scores=tuple(row.tolist()),
            tokens_out=int(layout.n_tokens[row.argmax()]),
        )
        for row in scores
    ]


def _asked(
    generator: Generator, tokens: Tokens, room: int, answer: Answer
) -> list[Outcome]:
    """Returns the outcome of each question, asked in batches of like length.

    Args:
      generator: the model.
      tokens: the tokens of the questions.
      room: number of tokens that an answer takes up.
      answer: gives a completion for each row of token ids, and their mask.
    """
    outcomes: dict[int, Outcome] = {}
    outcomes |= unknown_tokens(tokens, generator.n_known_tokens)
    every = np.arange(len(tokens.lengths))
    living = np.setdiff1d(every, list(outcomes)).astype(np.int64)

    def attempt(rows: Rows) -> None:
        ids, mask, _ = padded(generator, tokens, rows)
        found = answer(ids, mask)
        for row, completion in zip(rows.tolist(), found, strict=True):
            outcomes[row] = _sound(completion, tokens, row)

    outcomes |= run_halved(generator, tokens.lengths + room, living, attempt)
    return [outcomes[row] for row in every.tolist()]


def _sound(completion: Completion, tokens: Tokens, row: int) -> Outcome:
    """Returns a completion with what is known of its question, or what is wrong."""
    if completion.scores and not np.isfinite(completion.scores).all():
        return RowError("the model gave a likelihood that is not a finite number")
    return replace(
        completion,
        tokens_in=int(tokens.lengths[row]),
        truncated=bool(tokens.truncated[row]),
    )
