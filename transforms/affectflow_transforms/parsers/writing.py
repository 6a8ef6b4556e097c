"""Answers as words that a parser reads them from: what a model is to learn to say."""

import json
from collections.abc import Sequence
from typing import Any

from affectflow.kinds.prompt import Answer, Step

_DECIMALS = 3


def one_label(answers: Sequence[Answer], step: Step) -> str:
    """Returns the label as it stands; of several, all of them, which no parser takes.

    >>> one_label([Answer("joy")], Step(name="mood", text="", parser="label"))
    'joy'
    """
    return ", ".join(_labels(answers))


def several_labels(answers: Sequence[Answer], step: Step) -> str:
    """Returns labels with commas, those of the step in its order; `none` for none."""
    labels = sorted(_labels(answers), key=lambda label: _place(label, step.labels))
    return ", ".join(labels) or "none"


def bracketed(answers: Sequence[Answer], step: Step) -> str:
    """Returns labels in brackets, as `open_set` reads them; of a closed set without."""
    if step.labels:
        return several_labels(answers, step)
    return f"[{', '.join(_labels(answers))}]"


def number(answers: Sequence[Answer], step: Step) -> str:
    """Returns a number with at most three decimals.

    >>> number([Answer("anger", value=0.8960001)], Step(name="a", text="", parser="x"))
    '0.896'
    """
    return ", ".join(_number(a.value) for a in answers if a.value is not None)


def json_fields(answers: Sequence[Answer], step: Step) -> str:
    """Returns numbers and texts as a JSON object, the parts of the step in its order.

    What follows from the numbers, `total` and `at_least`, is left out.
    """
    derived = {step.options.get("total"), step.options.get("at_least")}
    said = {a.label: _plain(a) for a in answers if a.label not in derived}
    kept = {name: said[name] for name in step.parts if name in said}
    return json.dumps(kept, ensure_ascii=False)


def in_quotes(answers: Sequence[Answer], step: Step) -> str:
    """Returns a span in double quotes; `none` for none."""
    spans = [answer.text for answer in answers if answer.text]
    return f'"{spans[0]}"' if spans else "none"


def plain_text(answers: Sequence[Answer], step: Step) -> str:
    """Returns a text as it is."""
    return "".join(answer.text for answer in answers if answer.text)


def titled(answers: Sequence[Answer], step: Step) -> str:
    """Returns sections, each behind its title on a line of its own."""
    texts = {answer.label: answer.text for answer in answers if answer.text}
    kept = [(title, texts[title]) for title in step.parts if title in texts]
    return "\n\n".join(f"{title}: {text}" for title, text in kept)


def label_and_reason(answers: Sequence[Answer], step: Step) -> str:
    """Returns a label, and behind `Reasoning:` why."""
    labels = [a.label for a in answers if a.label and a.text is None]
    why = plain_text(answers, step)
    return f"{', '.join(labels)}. Reasoning: {why}"


def _labels(answers: Sequence[Answer]) -> list[str]:
    return [answer.label for answer in answers if answer.label]


def _place(label: str, labels: Sequence[str]) -> int:
    return labels.index(label) if label in labels else len(labels)


def _number(value: float) -> str:
    return f"{round(value, _DECIMALS):.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _plain(answer: Answer) -> Any:
    if answer.value is None:
        return answer.text
    return int(answer.value) if answer.value == int(answer.value) else answer.value
