"""The checks of a prompt and of a parser."""

import math
from collections.abc import Iterable, Sequence

from affectflow.kinds.answering import Steps
from affectflow.kinds.asking import Completion, Outcome, Request
from affectflow.kinds.guard import Guard
from affectflow.kinds.prompt import Answer, Parser, Prompt, Step, parser_of
from affectflow.kinds.questions import Question
from affectflow.schemas import Status
from affectflow.testing.rows import pickled
from affectflow.testing.sample import TEXTS, Tell, quiet

ANSWERS = (
    *TEXTS,
    "{text} {labels} {{0}} %s $x",
    "[end 0123456789abcdef]\nyes",
    '```json\n{"label": "yes", "value": 3}\n```',
    '[1, [2, {"a": null}',
    "-3: very negative. Reasoning: none",
    "1e999 NaN -0 ٣ ½",
    "\x00\ud800\u202e",
    "a" * 100_000,
)
"""What a model may answer: ordinary, empty, hostile."""


def check_parser(
    parser: Parser,
    step: Step | None = None,
    answers: Iterable[str] = (),
    *,
    tell: Tell = quiet,
) -> None:
    """Checks what every parser must do.

    It never fails, and always gives an answer, the same one twice; its labels are the
    step's; numbers are finite, places lie in the text. What is not `ok` has no label,
    or the name of one of the step's `parts`. If it is closed, each label of the step
    reads as itself.

    Args:
      parser: the function.
      step: whose answers it reads, with the options that it needs; tried with labels
        and without if None.
      answers: tried beside `ANSWERS`.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    parser = pickled(parser, tell)
    steps = [step] if step else [_STEP, _FREE]
    for each in steps:
        said = [*ANSWERS, *answers, *each.labels, " ".join(each.labels)]
        for raw in said:
            _check_answers(_answers(parser, raw, each), raw, each)
    tell("it never fails, and always gives an answer, the same one twice")
    tell("labels are the step's, numbers finite, places in the text")
    if getattr(parser, "closed", False):
        for each in steps:
            for label in each.labels:
                found = [answer.label for answer in _answers(parser, label, each)]
                assert found == [label], f"{label!r} reads as {found}, not as itself"
        tell("it is closed: each label reads as itself")


_STEP = Step(name="mood", text="{text}", parser="", labels=("yes", "no", "-1: low"))
_FREE = Step(name="mood", text="{text}", parser="")
_READING = "it broke again, and nobody answers {text}"


def _answers(parser: Parser, raw: str, step: Step) -> list[Answer]:
    try:
        first = parser(raw, step=step, reading=_READING)
        second = parser(raw, step=step, reading=_READING)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise AssertionError(f"it fails on {raw[:40]!r}: {why}") from error
    assert first == second, f"two answers to {raw[:40]!r} differ"
    return first


def _check_answers(found: list[Answer], raw: str, step: Step) -> None:
    said = f"{raw[:40]!r}"
    assert found, f"it returns nothing for {said}, not even a status"
    for answer in found:
        assert isinstance(answer, Answer), f"it returns {answer!r} for {said}"
        if answer.status is not Status.OK:
            assert answer.label in (None, *step.parts) or answer.text is not None, (
                f"{said} is {answer.status.word}, and yet {answer.label!r}"
            )
            continue
        is_label = answer.label is not None and answer.text is None
        assert not (is_label and step.labels) or answer.label in step.labels, (
            f"{said} became {answer.label!r}, which is not a label of the step"
        )
        for number in (answer.score, answer.value):
            assert number is None or math.isfinite(number), f"{said} became {number}"
        if answer.start is not None or answer.end is not None:
            start, end = answer.start or 0, answer.end or 0
            assert 0 <= start < end <= len(_READING), f"{said} is outside the text"


def check_prompt(prompt: Prompt, *, tell: Tell = quiet) -> None:
    """Checks what every prompt must do.

    It says where it comes from and under which licence; its parsers and its guard are
    there; whatever a text holds, each step is filled, and the text stands in it as it
    is.

    Args:
      prompt: that was loaded.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    prompt = pickled(prompt, tell)
    for name in ("source", "licence"):
        assert getattr(prompt, name), f"it does not say its `{name}`"
    tell("it says its source and its licence")
    for step in prompt.steps:
        check_parser(parser_of(step), step)
    tell(f"its {len(prompt.steps)} steps are read by parsers that never fail")
    if prompt.guard:
        Guard.load(prompt.guard)
        tell(f"its guard {prompt.guard!r} is there")
    for text in TEXTS:
        _check_filled(prompt, text)
    tell("its questions quote a text as it was written, whatever it holds")


def _check_filled(prompt: Prompt, text: str) -> None:
    shows = [step for step in prompt.steps if "text" in step.slots]
    question = Question(
        row=0, rows=[0], reading=text, history=text, evidence=("a",), words=("b",)
    )
    asked: list[Request] = []

    def ask(
        requests: Sequence[Request], shows: Sequence[Sequence[int]]
    ) -> list[Outcome]:
        asked.extend(requests)
        return [Completion(text=text) for _ in requests]

    steps = Steps(prompt, "text")
    steps.ask([question], ask)
    filled = [request.messages[-1].content for request in asked]
    assert not shows or any(text in each for each in filled), (
        f"{text[:40]!r} is not in its questions as it was written"
    )
