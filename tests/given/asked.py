"""Prompts of ours, asked of a scripted model: it proves routing only."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from affectflow import people
from affectflow.kinds.asker import Request
from affectflow.kinds.prompt import Prompt
from tests.given.scripted import Heard, scripted, utterances

Rows = list[list[dict[str, Any]]]


def asked(
    prompt: str,
    script: Callable[[str, Request], Any],
    batch: pa.RecordBatch,
    decode: str = "text",
    **options: Any,
) -> tuple[Rows, Heard]:
    """Returns the annotations of each row, and what the model was asked."""
    # Those that have a guard are about health: whoever asks says why.
    with people.using(purpose="tests of routing", context="research"):
        handler = scripted(prompt, script, decode=decode, **options)
        model = handler.load_model()
        return handler.apply(batch, model)["annotations"].to_pylist(), model


def first(prompt: str, text: str) -> str:
    """Returns what the first step asks about a text."""
    _, model = asked(prompt, lambda question, request: "", utterances(text))
    return model.questions[0]


def nonsense(seed: int, words: Sequence[str]) -> Callable[[str, Request], str]:
    """Returns a model that answers with words of these, none, one or several.

    The same question has the same answer.
    """

    def script(question: str, request: Request) -> str:
        draw = random.Random(f"{seed} {question}")
        return " ".join(draw.choices(words, k=draw.randrange(4)))

    return script


def labels_of(prompt: str) -> dict[str, tuple[str, ...]]:
    """Returns the labels of each step of a prompt."""
    return {step.name: step.labels for step in Prompt.load(prompt).steps}
