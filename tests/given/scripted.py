"""A scripted model and small parsers: they prove routing only.

What a real model makes of a prompt they cannot say; `Generate` is tried with one.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from affectflow import registry
from affectflow.errors import RowError
from affectflow.kinds.asker import Asker, Completion, Outcome, Request
from affectflow.kinds.prompt import Answer, Step, closed
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, Status, fields

Script = Callable[[str, Request], Any]


@closed
def one_label(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns the label that an answer is."""
    said = raw.strip().lower()
    if said in step.labels:
        return [Answer(label=said)]
    return [Answer(status=Status.OUT_OF_VOCABULARY if said else Status.UNPARSED)]


def any_label(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns whatever an answer says as labels, as a careless parser would."""
    return [Answer(label=each.strip()) for each in raw.split(",") if each.strip()]


def whole(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns an answer as text."""
    return [Answer(text=raw)] if raw.strip() else [Answer(status=Status.UNPARSED)]


def quote(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns the place of quoted words."""
    start = reading.find(raw)
    if start < 0 or not raw:
        return [Answer(text=raw, status=Status.UNALIGNED)]
    return [Answer(text=raw, start=start, end=start + len(raw))]


def number(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns a number."""
    return [Answer(label=step.name, value=float(raw))]


_PARSERS = ("one_label", "any_label", "whole", "quote", "number")


@dataclass
class Heard:
    """A model that remembers what it was asked, call by call."""

    calls: list[list[Request]] = field(default_factory=list)

    @property
    def questions(self) -> list[str]:
        """Everything that it was asked, in order."""
        return [each.messages[-1].content for call in self.calls for each in call]


@dataclass(kw_only=True)
class Scripted(Asker[Heard]):
    """Answers by a script: proves routing only.

    A script is given the last message and the request. What it returns is the answer; a
    mapping of labels to scores, where choices were given; an exception is returned.
    """

    card: ClassVar[Card] = Card(summary="answers by a script, for tests of routing")

    script: ClassVar[Script] = staticmethod(lambda question, request: "")

    def load_model(self) -> Heard:
        return Heard()

    def complete(self, requests: Sequence[Request], model: Heard) -> list[Outcome]:
        model.calls.append(list(requests))
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Outcome:
        said = type(self).script(request.messages[-1].content, request)
        if isinstance(said, Exception | Completion):
            return said
        if request.choices:
            scores = tuple(float(said.get(label, 0.0)) for label in request.choices)
            return Completion(text=max(said, key=said.get), scores=scores)
        return Completion(text=said)


@dataclass(kw_only=True)
class ByRule(Scripted):
    """Says `bad` of what broke, else `good`: as a plugin, for command lines."""

    script: ClassVar[Script] = staticmethod(
        lambda question, request: {
            label: float(label == ("bad" if "broke" in question else "good"))
            for label in request.choices
        }
    )


@dataclass(kw_only=True)
class Told(Scripted):
    """Gives the answer of the first key that its question has; else `none`.

    `refuse` for an answer refuses the question.
    """

    answers: Mapping[str, str] = field(default_factory=dict)

    def _one(self, request: Request) -> Outcome:
        question = request.messages[-1].content
        fits = (said for key, said in self.answers.items() if key in question)
        said = next(fits, "none")
        return RowError("refused") if said == "refuse" else Completion(text=said)


def scripted(prompt: Path | str, script: Script, **options: Any) -> Scripted:
    """Returns a model that answers a prompt by a script."""
    made = type("Scripted", (Scripted,), {"script": staticmethod(script)})
    return made(prompt=str(prompt), **options)


def prompt_file(folder: Path, text: str, name: str = "asked") -> Path:
    """Writes a prompt."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def install_scripted(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes what pip would for what is here, and puts it on the path."""
    info = site / "scripted-1.0.dist-info"
    info.mkdir(parents=True)
    head = "Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n"
    (info / "METADATA").write_text(head)
    points = "\n".join(f"{name} = {__name__}:{name}" for name in _PARSERS)
    models = "[affectflow.models]\n"
    models += "".join(f"{name} = {__name__}:{name}\n" for name in ("ByRule", "Told"))
    (info / "entry_points.txt").write_text(f"[affectflow.parsers]\n{points}\n{models}")
    monkeypatch.syspath_prepend(site)
    # What is found there is forgotten with the path.
    fresh = functools.cache(registry._found.__wrapped__)
    monkeypatch.setattr(registry, "_found", fresh)


def marked(question: str) -> str:
    """Returns what stands between the first two marks of a question."""
    found = re.search(r"\[text (\w{16})\]\n(.*?)\n\[end \1\]", question, re.DOTALL)
    assert found is not None, question
    return found[2]


def utterances(*texts: str | None, **columns: Sequence[Any]) -> pa.RecordBatch:
    """Returns utterances of one conversation, by two speakers in turn."""
    names = (
        *("utterance_id", "conversation_id", "speaker_id", "speaker_role"),
        *("text", "segments"),
    )
    rows = [
        {
            "utterance_id": f"t:{place}",
            "conversation_id": "t",
            "speaker_id": f"s{place % 2}",
            "text": text,
            "segments": [],
            **{name: values[place] for name, values in columns.items()},
        }
        for place, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, fields(UTTERANCES, *names))
