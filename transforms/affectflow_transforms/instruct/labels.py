"""Labels that a step of a prompt does not have: refused, and the nearest one named."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from affectflow.kinds.parsing import parsed
from affectflow.kinds.prompt import Answer, Step, parser_of
from affectflow.schemas import Status
from affectflow_transforms.finetune.labels import check_labels

_LABEL_END = re.compile(r"[,;\n|]")


def check_words(
    steps: Sequence[Step], cells: Mapping[str, Sequence[str | None]], data: Path
) -> None:
    """Raises UsageError if words name a label that their step does not have.

    Args:
      steps: of a prompt.
      cells: what is to be answered, in words, by the name of the step.
      data: where they are.
    """
    for step in steps:
        found: Counter[str] = Counter()
        for words, rows in Counter(filter(None, cells.get(step.name, ()))).items():
            for label in _unknown(step, words):
                found[label] += rows
        _check(step, found, data)


def check_answers(
    steps: Sequence[Step],
    answers: Mapping[tuple[str, str], Iterable[Answer]],
    data: Path,
) -> None:
    """Raises UsageError if answers have a label that their step does not have.

    Args:
      steps: of a prompt.
      answers: by what is asked about and the name of the step.
      data: where they are.
    """
    for step in steps:
        of_step = [each for (_, name), each in answers.items() if name == step.name]
        found = Counter(a.label for each in of_step for a in each if _is_label(a))
        _check(step, Counter({label: n for label, n in found.items() if label}), data)


def _is_label(answer: Answer) -> bool:
    return answer.status is Status.OK and answer.text is None


def _check(step: Step, found: Mapping[str, int], data: Path) -> None:
    if step.labels:
        check_labels(
            found,
            step.labels,
            data=data,
            where=f"the step {step.name!r}",
            otherwise="name a prompt that has it",
        )


def _unknown(step: Step, words: str) -> list[str]:
    """Returns what the parser of a step takes for a label, and does not know."""
    parser = parser_of(step)

    def is_unknown(part: str) -> bool:
        answers = parsed(step, parser, part, "")
        return any(each.status is Status.OUT_OF_VOCABULARY for each in answers)

    if not is_unknown(words):
        return []
    parts = filter(None, map(str.strip, _LABEL_END.split(words)))
    return [part for part in parts if is_unknown(part)] or [words]
