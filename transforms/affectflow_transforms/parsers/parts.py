"""Parsers of answers in parts: sections, numbered steps, a label and a reason."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from affectflow.kinds.prompt import Answer, Step, written_by
from affectflow.schemas import Status
from affectflow_transforms.parsers.labels import label
from affectflow_transforms.parsers.wording import (
    mentioned,
    normal,
    part,
    said,
    spellings,
)
from affectflow_transforms.parsers.writing import label_and_reason, titled

_MARKUP = r"[ \t]*(?:\d+[.)][ \t]*)?[#*_ \t]*"


@written_by(titled)
def sections(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the sections that `options.parts` titles, each on a line of its own.

    `Title: text`, `**Title:** text` and `## Title` are the same. One that is missing
    or empty is reported by its name. Where the step has labels, the last section says
    which of them it comes to; a section that names several, or none, says none.
    """
    words = said(raw)
    titles = step.parts
    starts: dict[str, tuple[int, int]] = {}
    for title in titles:
        pattern = rf"(?im)^{_MARKUP}{re.escape(title)}[*_ \t]*(?::[*_ \t]*|$)"
        if found := re.search(pattern, words):
            starts[title] = found.span()
    answers = [_section(step, title, starts, words) for title in titles]
    if step.labels and answers:
        answers.append(_concluded(step, answers[-1].text or ""))
    return answers or [Answer(status=Status.UNPARSED)]


def _concluded(step: Step, words: str) -> Answer:
    """Returns the label that a section comes to."""
    named = mentioned(words, spellings(step))
    return Answer(named[0]) if len(named) == 1 else Answer(status=Status.UNPARSED)


def _section(
    step: Step, title: str, starts: Mapping[str, tuple[int, int]], words: str
) -> Answer:
    if title not in starts:
        return part(step, title, "")
    begin = starts[title][1]
    end = min((s for s, _ in starts.values() if s >= begin), default=len(words))
    return part(step, title, words[begin:end].strip())


# -- steps -----------------------------------------------------------------------------


def steps(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads numbered steps, `Firstly, ...`, each beginning a line.

    `options.parts` has a table for each: `name`, `mark`; `tag` if what counts stands in
    `<tag></tag>`; `close`, what may end it; `label = true` where it is one of the
    labels. A step that is missing is reported by its name, and the others keep theirs.
    """
    wanted = _tables(step)
    words = said(raw)
    places = _places(words, wanted)
    found = [_body(each, places, words) for each in wanted]
    answers = [_step(each, b, step) for each, b in zip(wanted, found, strict=True)]
    return answers or [Answer(status=Status.UNPARSED)]


def _tables(step: Step) -> list[Mapping[str, Any]]:
    """Returns the parts of a step; one that is only named is its own mark."""
    said = step.options.get("parts", ())
    return [p if isinstance(p, Mapping) else {"name": p, "mark": p} for p in said]


def render_steps(values: Mapping[str, str], step: Step) -> str:
    """Returns values by name of step, written as `steps` reads them.

    Lines of a value but its first are indented: only a step begins a line.
    """
    lines = []
    for each in _tables(step):
        value, tag = values[each["name"]].replace("\n", "\n "), each.get("tag")
        body = f"<{tag}>{value}</{tag}>" if tag else value
        lines.append(f"{each['mark']}, {body}{each.get('close', '')}")
    return "\n".join(lines)


def _places(
    words: str, wanted: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[int, int]]:
    """Returns where the mark of each step stands, in their order: the first after."""
    places, at = {}, 0
    for each in wanted:
        tag = rf"(?=<{re.escape(each['tag'])}>)" if each.get("tag") else ""
        pattern = rf"(?im)^[*#]*{re.escape(each['mark'])}\b[*]*[,:]?[*]*[ \t]*{tag}"
        if found := re.compile(pattern).search(words, at):
            places[each["name"]] = found.span()
            at = found.end()
    return places


def _body(
    each: Mapping[str, Any], places: Mapping[str, tuple[int, int]], words: str
) -> str:
    if each["name"] not in places:
        return ""
    begin = places[each["name"]][1]
    end = min((s for s, _ in places.values() if s >= begin), default=len(words))
    body = words[begin:end].strip().replace("\n ", "\n")
    if tag := each.get("tag"):
        return body.removeprefix(f"<{tag}>").rpartition(f"</{tag}>")[0].strip()
    if each.get("close", "") in body:
        return body.rpartition(each.get("close") or "\0")[0].strip() or body
    return body


def _step(each: Mapping[str, Any], body: str, step: Step) -> Answer:
    if not body or not each.get("label"):
        return part(step, each["name"], body)
    known = spellings(step).get(normal(body))
    status = Status.OK if known else Status.OUT_OF_VOCABULARY
    return Answer(known or each["name"], text=body, status=status)


# -- a label and why -------------------------------------------------------------------

_REASONING = re.compile(r"(?i)\breasoning\s*:")
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*\s*")


@written_by(label_and_reason)
def reasoned(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads a label, and after `Reasoning:` or its own sentence the explanation.

    `options.parts` may name the explanation otherwise.
    """
    words = said(raw)
    head, why = _apart(words)
    first = label(head, step=step, reading=reading)[0]
    if words and not head:
        first = Answer(status=Status.UNPARSED)
    (name, *_) = (*step.parts, "explanation")
    return [first, part(step, name, why)]


def _apart(words: str) -> tuple[str, str]:
    if found := _REASONING.search(words):
        return words[: found.start()].strip(), words[found.end() :].strip()
    sentence = _SENTENCE.match(words)
    end = sentence.end() if sentence else 0
    return words[:end].strip(), words[end:].strip()
