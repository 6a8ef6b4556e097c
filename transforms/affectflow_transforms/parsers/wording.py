"""What parsers share: the words of an answer, and the labels that it names."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence

from affectflow.kinds.prompt import Answer, Step
from affectflow.schemas import Status

OPEN, CLOSE = "<think>", "</think>"
SHORT = 4
"""Words of an answer that may be meant as a label; longer ones are prose."""
NOTHING = frozenset({"none", "no emotion", "no emotions", "nothing", "n a", "na"})
"""Answers, in `normal` spelling, that say that there is nothing to say."""

_TITLE = re.compile(r"^(?:answer|output)\s*:\s*", re.IGNORECASE)
_NOT_A_WORD = re.compile(r"[\W_]+")
_DENIED = re.compile(r"(?:\b(?:not|no|never|without|neither|nor)|n t)(?: \w+)? $")


def said(raw: str) -> str:
    """Returns what a model said in the end: no thoughts, blanks, `>>` or `Answer:`.

    >>> said("<think>Is it joy?</think> >>joy "), said("Answer: joy")
    ('joy', 'joy')
    """
    _, closed, rest = raw.rpartition(CLOSE)
    words = rest if closed else raw.partition(OPEN)[0]
    return _TITLE.sub("", words.strip().lstrip(">").strip())


def normal(text: str) -> str:
    """Returns a text in lower case, with one space for what is not a letter or digit.

    >>> normal("**Self-Disclosure**.")
    'self disclosure'
    """
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def spellings(step: Step) -> Mapping[str, str]:
    """Returns the labels of a step by their spellings; `options.aliases` adds some."""
    aliases = step.options.get("aliases", {})
    named = {normal(spelt): label for spelt, label in aliases.items()}
    named |= {normal(label): label for label in step.labels}
    named.pop("", None)
    return named


def mentioned(words: str, names: Mapping[str, str]) -> list[str]:
    """Returns the labels that a text names, each once; "not angry" names none.

    The longest name wins: `suicide or self-harm` is not `suicide`.
    """
    if not names:
        return []
    text, end = normal(words), 0
    found: dict[str, None] = {}
    for match in _pattern(tuple(names)).finditer(text):
        if not _DENIED.search(text[end : match.start()]):
            found[names[match[0]]] = None
        end = match.end()
    return list(found)


def denies(words: str, names: Mapping[str, str]) -> bool:
    """Returns whether a text names labels, and only to deny them.

    >>> denies("It is not joy", {"joy": "joy"}), denies("joy", {"joy": "joy"})
    (True, False)
    """
    named = bool(names) and bool(_pattern(tuple(names)).search(normal(words)))
    return named and normal(words) not in names and not mentioned(words, names)


@functools.lru_cache(64)
def _pattern(names: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")


def is_short(words: str) -> bool:
    """Returns whether an answer may be meant as a label."""
    return 0 < len(normal(words).split()) <= SHORT


def unknown(words: str) -> Answer:
    """Returns the answer where no label is named: another label, or prose."""
    status = Status.OUT_OF_VOCABULARY if is_short(words) else Status.UNPARSED
    return Answer(status=status)


def once(items: Iterable[str]) -> list[str]:
    """Returns what is not empty, each once, in order."""
    return [item for item in dict.fromkeys(items) if item]


def name_of(step: Step) -> str:
    """Returns what a text is called: `options.name`, or as its step."""
    return str(step.options.get("name") or step.name)


def label_of_number(step: Step) -> str | None:
    """Returns what a number is called: `options.name`, the only label, or as its step.

    None where there are several labels, and none is named.
    """
    if name := step.options.get("name"):
        return str(name)
    if len(step.labels) > 1:
        return None
    return step.labels[0] if step.labels else step.name


def part(step: Step, name: str, text: str) -> Answer:
    """Returns a part of an answer; one that is missing is unparsed, under its name."""
    return Answer(name, text=text) if text else without(step, name, Status.UNPARSED)


def without(step: Step, name: str, status: Status) -> Answer:
    """Returns what is wrong with a part, under its name if the step has it."""
    return Answer(name if name in step.parts else None, status=status)
