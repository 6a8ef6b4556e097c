"""LlmMiner: a language model quotes the cause, and the quote is found in the text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa

from affectflow import registry
from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.kinds.account import account, answered
from affectflow.kinds.answering import Steps
from affectflow.kinds.asker import Asker, Outcome
from affectflow.kinds.identity import Origin
from affectflow.kinds.miner import Found, Scene
from affectflow.kinds.prompt import Prompt
from affectflow.kinds.questions import Question, cut_to
from affectflow.options import missing_of, quoted
from affectflow.registry import Card
from affectflow_transforms.miners.labels import AnyLabelMiner
from affectflow_transforms.miners.shown import Place, Shown
from affectflow_transforms.parsers.spans import is_nothing, spans_in
from affectflow_transforms.parsers.wording import said

EMPTY = "quotes_that_are_empty"
"""Counts empty answers."""


class _Asking(NamedTuple):
    """A model, and what it is shown of a batch."""

    model: Any
    shown: Shown


@dataclass(kw_only=True)
class LlmMiner(AnyLabelMiner[Any]):
    """Asks a language model to quote the cause of each chosen emotion.

    A quote counts if it occurs in the message, or else in an earlier turn that was
    shown, ignoring case, spacing and quotation marks. A quote that occurs nowhere, or
    in several places, is refused and counted.

    Args:
      model: a folder or a hub id, which `Generate` reads, or the name of an installed
        plugin that asks a model, as `Endpoint`.
      options: of that plugin, as JSON: `{"revision": "..."}`, or `{"url": "...",
        "name": "..."}`.
      prompt: its name, or a file that ends in `.toml`: one step, read by `quoted`,
        which shows the emotion as {evidence}.
      history: how many earlier utterances of the conversation are shown.

    Raises:
      UsageError: the plugin does not ask a model, or the prompt asks something else.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = "se_cause"
    history: int = 4

    annotator_kind: ClassVar[str] = "prompt"
    card: ClassVar[Card] = Card(
        summary="finds the cause that a language model quotes",
        weights_licence="the model's own",
        answers="which passage a language model takes for the cause",
        misleads="a quote that is in the text is not necessarily the cause",
        example="affectflow mine LAKE --miner LlmMiner --set model=FOLDER",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._asker = _asker(self.model, self.options, self.prompt)
        _check(self._asker.asked)
        self.prompt_hash = self._asker.prompt_hash
        self._steps = Steps(self._asker.asked, self._asker.decode)

    @property
    def asker(self) -> Asker[Any]:
        """The model that it asks."""
        return self._asker

    @property
    def columns_required(self) -> pa.Schema:
        """What every miner reads, and what says whether a row may be shown."""
        return pa.unify_schemas([self.requires, self._asker.columns_required])

    @property
    def touches(self) -> tuple[str, ...]:
        """What the model touches of people."""
        return self._asker.touches

    def origin(self) -> Origin:
        """Returns the model that is asked."""
        return self._asker.origin()

    def parameters(self) -> dict[str, Any]:
        """Returns those of the model, and what the miner adds."""
        own = {
            "history": self.history,
            "labels": list(self.labels),
            "max_neutral": self.max_neutral,
            "of_surest": self.of_surest,
            "min_label": self.min_label,
        }
        if self.over_neutral:
            own["over_neutral"] = self.over_neutral
        asker = type(self._asker).__name__
        return {**self._asker.parameters(), **own, "miner": "LlmMiner", "asker": asker}

    def load_model(self) -> Any:
        """Returns the model, as the plugin that asks it loads it."""
        return self._asker.load_model()

    def mine(self, batch: pa.RecordBatch, model: Any = None) -> pa.RecordBatch:
        """Returns `batch` with `causes`, as every miner does.

        A row that the model must not be shown is neither asked about nor in a history.
        """
        asker = self._asker
        # Cues of voices and faces have no position in the text, and only `annotate`
        # asks why and where they are read.
        cues = "in_text" if asker.cues == "words" else asker.cues
        readings = read(batch, cues=cues)
        shown = Shown.of(batch, readings, asker.held_back(batch))
        return super().mine(batch, _Asking(model, shown))

    def find(self, scene: Scene, model: _Asking) -> Iterable[Found]:
        """Returns the causes of one scene."""
        return next(self.find_all([scene], model))

    def find_all(
        self, scenes: Iterable[Scene], model: _Asking
    ) -> Iterator[Iterable[Found]]:
        """Yields the causes of each scene; all of them are asked about at once."""
        shown = model.shown
        scenes = list(scenes)
        questions = [list(_questions(scene, shown)) for scene in scenes]
        flat = [each for of_scene in questions for each in of_scene]
        if self._asker.longest_text:
            cut_to(flat, self._asker.longest_text)
        outcomes = iter(self._ask(flat, shown, model.model))
        for scene, of_scene in zip(scenes, questions, strict=True):
            found = [_found(q, next(outcomes), scene, shown) for q in of_scene]
            yield [each for each in found if each is not None]

    def _ask(
        self, questions: Sequence[Question], shown: Shown, model: Any
    ) -> list[str]:
        """Returns what the model says to each question.

        Raises:
          Exception: as a question failed; its conversation is refused.
        """
        ids = {row: id_ for id_, row in shown.rows.items()}
        requests = [self._steps.first(question) for question in questions]
        about = [[ids[row] for row in question.shows] for question in questions]
        stream = partial(self._asker.stream, model=model)
        return list(map(_text, answered(stream, requests, about) if requests else ()))


def _text(outcome: Outcome) -> str:
    if isinstance(outcome, Exception):
        raise outcome
    return said(outcome.text)


def _questions(scene: Scene, shown: Shown) -> Iterator[Question]:
    """Yields a question for each label, unless the message must not be shown."""
    text, row = shown.text(scene.now), shown.row(scene.now)
    if not text:
        return
    rows = [*(shown.row(turn) for turn in shown.earlier(scene)), row]
    for label in scene.labels:
        yield Question(
            row=row,
            rows=[row],
            shows=rows,
            reading=text,
            history=shown.history(scene),
            evidence=(label,),
        )


def _found(question: Question, answer: str, scene: Scene, shown: Shown) -> Found | None:
    """Returns the cause that an answer quotes, None for none.

    A quote that cannot be located is counted.
    """
    (label,) = question.evidence
    if answer and is_nothing(answer):
        return None
    found = [shown.find(span, scene) for span in spans_in(answer)]
    places = [each for each in found if isinstance(each, Place)]
    if places:
        return Found(label, *places[0], None)
    account().tally(next((each for each in found if isinstance(each, str)), EMPTY))
    return Found(label, scene.now, 0, 0, None)


def _asker(model: str, options: Mapping[str, Any], prompt: str) -> Asker[Any]:
    """Returns the plugin that asks a model.

    Raises:
      UsageError: it asks no model, or refuses its options.
    """
    name, given = "Generate", {"model": model, **options}
    if model in registry.names("models"):
        name, given = model, dict(options)
    if not issubclass(registry.load("models", name), Asker):
        raise UsageError(
            f"LlmMiner needs a plugin that asks a language model, and {name} does not: "
            "give `model` a folder, a hub id, or Endpoint"
        )
    _check_given(name, given)
    made: Asker[Any] = registry.make("models", name, {**given, "prompt": prompt})
    return made


def _check_given(name: str, given: Mapping[str, Any]) -> None:
    """Raises UsageError if the plugin that asks a model needs more options."""
    missing = missing_of(registry.load("models", name), given)
    if missing:
        example = json.dumps({**given, **dict.fromkeys(missing, "VALUE")})
        raise UsageError(
            f"LlmMiner asks {name}, which needs {quoted(missing)}: put that into the "
            f"miner's `options`, as --set 'options={example}'"
        )


def _check(prompt: Prompt) -> None:
    """Raises UsageError unless a prompt asks for the quote of a cause."""
    step = prompt.steps[0]
    whys = {
        "it has several steps": len(prompt.steps) > 1,
        f"its answers are read by {step.parser!r}, not by 'quoted'": (
            step.parser != "quoted"
        ),
        "it shows no {evidence}, the emotion": "evidence" not in step.slots,
        "it is about whole conversations": prompt.unit != "utterance",
        "it has a guard": bool(prompt.guard),
        "it names roles": bool(prompt.roles),
    }
    for why, holds in whys.items():
        if holds:
            raise UsageError(
                f"LlmMiner cannot ask the prompt {prompt.name!r}: {why}; start from "
                "that of `affectflow plugins se_cause`"
            )
