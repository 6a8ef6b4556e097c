"""Parsers of labels: one of a closed set, several of it, or any."""

import re
from collections.abc import Mapping

from affectflow.kinds.prompt import Answer, Step, closed, written_by
from affectflow.schemas import Status
from affectflow_transforms.parsers.wording import (
    NOTHING,
    denies,
    is_short,
    mentioned,
    normal,
    once,
    said,
    spellings,
    unknown,
)
from affectflow_transforms.parsers.writing import bracketed, one_label, several_labels

_HEAD = re.compile(r"[^.,:;!?\n(\u2013\u2014]*")
_JOINT = re.compile(r"^[\s.,:;!?(\u2013\u2014]*(?:(?:and|or)\b)?\s*", re.IGNORECASE)
_ITEM_END = re.compile(r"[,;\n|\u3001\uff0c]")
_AND = re.compile(r"\s+(?:and|or|&)\s+", re.IGNORECASE)


@written_by(one_label)
@closed
def label(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads one label of a closed set, at the head of an answer or alone in it."""
    words = said(raw)
    if not words:
        return [Answer(status=Status.EMPTY)]
    names = spellings(step)
    if normal(words) in names:
        return [Answer(names[normal(words)])]
    found = _leading(words, names) or mentioned(words, names)
    if len(found) == 1:
        return [Answer(found[0])]
    return [Answer(status=Status.UNPARSED) if found else unknown(words)]


def _leading(words: str, names: Mapping[str, str]) -> list[str]:
    """Returns the label that an answer begins with: `Yes, there is no doubt`.

    Two at its head are two answers: `anger, joy`.
    """
    head = _head(words)
    first = names.get(normal(head))
    if first is None:
        return []
    rest = _JOINT.sub("", words[len(head) :], count=1)
    return once([first, names.get(normal(_head(rest)), "")])


def _head(words: str) -> str:
    found = _HEAD.match(words)
    return found[0] if found else ""


@written_by(several_labels)
def label_set(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads any number of labels of a closed set; other words are kept apart.

    A list may be led in, `The author feels anger, fear`; where the lead-in denies its
    label, what follows it may be denied too, and nothing is read.
    """
    words = said(raw)
    if not words:
        return [Answer(status=Status.EMPTY)]
    names = spellings(step)
    listed = [part for item in _ITEM_END.split(words) for part in _parts(item, names)]
    if not any(normal(item) in names for item in listed):
        named = [Answer(name) for name in mentioned(words, names)]
        return named or [_none_found(words)]
    if denies(next(filter(normal, listed)), names):
        return [Answer(status=Status.UNPARSED)]
    found = once(name for item in listed for name in _named(item, names))
    others = [item for item in listed if is_short(item) and not _named(item, names)]
    beside = [Answer(status=Status.OUT_OF_VOCABULARY)] if others else []
    return [*(Answer(name) for name in found), *beside]


def _parts(item: str, names: Mapping[str, str]) -> list[str]:
    """Returns an item, cut at `and` and `or` unless a label has them in its name."""
    return [item] if normal(item) in names else _AND.split(f" {item.strip()} ")


def _named(item: str, names: Mapping[str, str]) -> list[str]:
    exact = names.get(normal(item))
    return mentioned(item, names) if exact is None else [exact]


def _none_found(words: str) -> Answer:
    nothing = normal(words) in NOTHING or not normal(words)
    return Answer(status=Status.ABSTAINED) if nothing else unknown(words)


# -- any labels ------------------------------------------------------------------------

_PREFIX = re.compile(r"^(?:emotions?|labels?)\s*:\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_QUOTED_PAIR = re.compile(r"""(['"])\s+(['"])""")
_MARKS = " \t\r\f\v\"'`\u2018\u2019\u201c\u201d[](){}<>*_.:!?-\u2013\u2014\u2022#"
_LEADING_AND = re.compile(r"^(?:and|&)(?=\W)\s*", re.IGNORECASE)


@written_by(bracketed)
def open_set(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads any labels at all, in brackets, quotes, or neither; `[]` has none.

    If the step has labels after all, it reads them as `label_set` does.
    """
    if step.labels:
        return label_set(raw, step=step, reading=reading)
    words = _PREFIX.sub("", said(raw))
    if not words:
        return [Answer(status=Status.EMPTY)]
    inside = _BRACKETS.search(words)
    listed = inside[1] if inside else words
    listed = _QUOTED_PAIR.sub(r"\1,\2", listed)  # as numpy prints an array
    items = once(_bare(item) for item in _ITEM_END.split(listed))
    labels = [item for item in items if is_short(item) and normal(item) not in NOTHING]
    if labels:
        return [Answer(item) for item in labels]
    prose = any(normal(item) not in NOTHING for item in items)
    return [Answer(status=Status.UNPARSED if prose else Status.ABSTAINED)]


def render_open_set(answers: list[Answer]) -> str:
    """Returns labels as `open_set` reads them."""
    return f"[{', '.join(answer.label for answer in answers if answer.label)}]"


def _bare(item: str) -> str:
    """Returns an item without quotes, brackets, dots and `and`; in lower case."""
    before, item = "", " ".join(re.sub(r"[\[\]]", " ", item.lower()).split())
    while before != item:
        before, item = item, _LEADING_AND.sub("", item.strip(_MARKS))
    return item
