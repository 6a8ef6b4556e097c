"""Tokens of questions and answers, and how likely a network finds the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affectflow.errors import UsageError
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids
from affectflow_transforms.models.generate.rendering import (
    encoded,
    rendered,
    tokenised,
)
from affectflow_transforms.models.pretrained.forward import unknown_tokens
from affectflow_transforms.models.pretrained.tokens import Tokens


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequences:
    """Questions with an answer each, as tokens.

    Args:
      questions: as the model is asked them.
      answers: of each question, with what ends an answer.
    """

    questions: Tokens
    answers: list[Ids]

    @property
    def lengths(self) -> Ids:
        """Tokens of each question with its answer."""
        return self.questions.lengths + self.answer_lengths

    @property
    def answer_lengths(self) -> Ids:
        """Tokens of each answer."""
        return np.array([len(each) for each in self.answers], np.int64)


def answer_tokens(generator: Generator, answers: Sequence[str]) -> list[Ids]:
    """Returns the tokens of answers, each with what ends it."""
    end = [] if generator.end_token is None else [generator.end_token]
    tokens = encoded(generator, answers, special=False)
    return [np.array([*each, *end], np.int64) for each in tokens]


def sequences(
    generator: Generator,
    messages: Sequence[Any],
    answers: Sequence[Ids],
    rooms: Sequence[int],
) -> Sequences:
    """Returns questions and answers as tokens.

    Args:
      generator: the model.
      messages: of each question, its chat.
      answers: as `answer_tokens` gives them.
      rooms: tokens that are left for each answer when it is asked for: a question that
        does not fit beside them loses its middle, as it does in `Generate`.

    Raises:
      UsageError: an answer leaves no room for a question, or tokenizer and weights do
        not fit.
    """
    texts = [rendered(generator, each) for each in messages]
    parts: dict[int, Ids] = {}
    truncated = np.zeros(len(texts), np.bool_)
    for room in sorted(set(rooms)):
        places = [place for place, each in enumerate(rooms) if each == room]
        tokens = tokenised(generator, [texts[place] for place in places], room)
        for n, place in enumerate(places):
            parts[place] = tokens.flat[tokens.starts[n] : tokens.starts[n + 1]]
            truncated[place] = tokens.truncated[n]
    whole = [parts[place] for place in range(len(texts))]
    questions = Tokens(
        flat=np.concatenate([np.zeros(0, np.int64), *whole]),
        starts=np.concatenate([[0], np.cumsum([len(each) for each in whole])]).astype(
            np.int64
        ),
        truncated=truncated,
    )
    for error in unknown_tokens(questions, generator.n_known_tokens).values():
        raise UsageError(f"tokenizer and weights of the base do not fit: {error}")
    return Sequences(questions=questions, answers=list(answers))


def answer_logits(
    generator: Generator, given: Sequences, rows: Rows
) -> tuple[Any, Any, Any]:
    """Returns what a network expects at each place of the answers of some rows.

    Returns:
      Logits, shape (rows, longest answer, vocabulary); the tokens that are there; and
      which places are of an answer, shape (rows, longest answer).
    """
    run = _behind_encoder if generator.is_seq2seq else _behind_question
    return run(generator, given, rows)


def log_likelihoods(generator: Generator, given: Sequences, rows: Rows) -> Any:
    """Returns the log-likelihood of each answer, the sum over its tokens, (rows,)."""
    logits, tokens, is_answer = answer_logits(generator, given, rows)
    each = logits.float().log_softmax(-1).gather(-1, tokens[..., None])[..., 0]
    return (each * is_answer).sum(-1)


def _behind_question(
    generator: Generator, given: Sequences, rows: Rows
) -> tuple[Any, Any, Any]:
    """Feeds question and answer, filled up at their beginning as when it is asked."""
    whole = [np.concatenate([_question(given, r), given.answers[r]]) for r in rows]
    answers = [given.answers[row] for row in rows]
    ids, mask = _left(whole, generator.pad_token)
    tokens, is_answer = _left(answers, generator.pad_token)
    longest = tokens.shape[1]
    fed = {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": np.maximum(mask.cumsum(axis=1) - 1, 0),
    }
    options = {"use_cache": False, "logits_to_keep": longest + 1}
    logits = _called(generator, fed, options).logits[:, -longest - 1 : -1]
    return logits, _to(generator, tokens), _to(generator, is_answer).bool()


def _behind_encoder(
    generator: Generator, given: Sequences, rows: Rows
) -> tuple[Any, Any, Any]:
    ids, mask = _right([_question(given, row) for row in rows], generator.pad_token)
    answers = [given.answers[row] for row in rows]
    tokens, is_answer = _right(answers, generator.pad_token)
    start = np.full((len(tokens), 1), generator.start_token)
    fed = {
        "input_ids": ids,
        "attention_mask": mask,
        "decoder_input_ids": np.hstack([start, tokens[:, :-1]]),
    }
    logits = _called(generator, fed, {"use_cache": False}).logits
    return logits, _to(generator, tokens), _to(generator, is_answer).bool()


def _question(given: Sequences, row: int) -> Ids:
    starts = given.questions.starts
    return given.questions.flat[starts[row] : starts[row + 1]]


def _left(rows: Sequence[Ids], filling: int) -> tuple[Ids, Ids]:
    """Returns rows of one length and their mask, filled up at their beginning."""
    ids, mask = _right([row[::-1] for row in rows], filling)
    return ids[:, ::-1].copy(), mask[:, ::-1].copy()


def _right(rows: Sequence[Ids], filling: int) -> tuple[Ids, Ids]:
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), filling, np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
    return ids, mask


def _called(generator: Generator, fed: dict[str, Ids], options: dict[str, Any]) -> Any:
    known = {
        name: _to(generator, value)
        for name, value in fed.items()
        if name in generator.accepts
    }
    known |= {n: value for n, value in options.items() if n in generator.accepts}
    return generator.module(**known)


def _to(generator: Generator, values: Ids) -> Any:
    import torch

    return torch.from_numpy(values).to(generator.module.device)
