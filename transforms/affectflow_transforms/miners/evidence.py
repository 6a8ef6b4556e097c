"""The common part of RECCON's two forms: a turn as evidence for another's emotion.

Ghosal et al., Recognizing Emotion Cause in Conversations (Cognitive Computation 2021).
"""

import abc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa

from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.kinds.miner import Found, Scene, Turn
from affectflow_transforms.miners.labels import AnyLabelMiner
from affectflow_transforms.miners.shown import Shown
from affectflow_transforms.models.pretrained.forward import Network, Outputs
from affectflow_transforms.models.pretrained.options import Pretrained

_SCENES_AT_ONCE = 256


class Case(NamedTuple):
    """One question: is this turn evidence for that emotion?

    Attributes:
      label: the emotion of the last turn.
      texts: what is read of the turns, in order; the last one is the target.
      turns: the same turns.
      place: which of them is the evidence.
    """

    label: str
    texts: Sequence[str]
    turns: Sequence[Turn]
    place: int

    @property
    def target(self) -> str:
        """What is read of the turn with the emotion."""
        return self.texts[-1]

    @property
    def evidence(self) -> str:
        """What is read of the turn that may contain the cause."""
        return self.texts[self.place]


class Verdict(NamedTuple):
    """A cause: `evidence[start:end]` of a case, and its certainty, 0..1."""

    start: int
    end: int
    score: float


class _Network(NamedTuple):
    network: Network
    shown: Shown


@dataclass(kw_only=True)
class EvidenceMiner(Pretrained, AnyLabelMiner[Any], abc.ABC):
    """A miner that asks a network about each turn as evidence.

    The turns are the message itself and those before it. A subclass says how a network
    judges cases. Where the model is and how it is run, the options of `Pretrained` say.

    Args:
      history: how many earlier utterances of the conversation are considered.
      min_score: lowest score, 0..1, of a cause.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or a
        number is out of range.
    """

    history: int = 8
    min_score: float = 0.5

    annotator_kind: ClassVar[str] = "model"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_options()
        if not 0 <= self.min_score <= 1:
            raise UsageError(
                f"`min_score` must be between 0 and 1, got {self.min_score}"
            )

    @abc.abstractmethod
    def judge(
        self, cases: Sequence[Case], network: Network
    ) -> Sequence[Verdict | None]:
        """Returns the cause in each case; None if there is none."""

    def mine(self, batch: pa.RecordBatch, model: Any = None) -> pa.RecordBatch:
        """Returns `batch` with `causes`, as every miner does.

        A turn without words of its author is neither evidence nor part of the history.
        """
        # Cues of voices and faces have no position in the text; only `annotate` asks
        # why and where they are read.
        readings = read(batch, cues="in_text")
        return super().mine(batch, _Network(model, Shown.of(batch, readings, ())))

    def find(self, scene: Scene, model: _Network) -> Iterable[Found]:
        """Returns the causes of one scene."""
        return next(self.find_all([scene], model))

    def find_all(
        self, scenes: Iterable[Scene], model: _Network
    ) -> Iterator[Iterable[Found]]:
        """Yields the causes of each scene; many scenes are processed together."""
        waiting = iter(scenes)
        while together := list(islice(waiting, _SCENES_AT_ONCE)):
            cases = [list(_cases(scene, model.shown)) for scene in together]
            flat = [case for of_scene in cases for case in of_scene]
            verdicts = iter(self.judge(flat, model.network) if flat else ())
            for of_scene in cases:
                found = [self._found(c, next(verdicts), model.shown) for c in of_scene]
                yield [each for each in found if each is not None]

    def _found(self, case: Case, verdict: Verdict | None, shown: Shown) -> Found | None:
        if verdict is None or verdict.score < self.min_score:
            return None
        turn = case.turns[case.place]
        start, end, score = verdict
        place = shown.readings.to_text(shown.row(turn), start, end)
        return Found(case.label, turn, *place, round(score, 4))


def _cases(scene: Scene, shown: Shown) -> Iterator[Case]:
    """Yields each turn as evidence for each label; none if the message says nothing."""
    if not shown.text(scene.now):
        return
    turns = [*shown.earlier(scene), scene.now]
    texts = [shown.text(turn) for turn in turns]
    for label in scene.labels:
        for place in range(len(turns)):
            yield Case(label, texts, turns, place)


def checked(found: Outputs) -> Outputs:
    """Returns what a network said.

    Raises:
      Exception: as it failed on a text; its conversation is refused.
    """
    for error in found.failed.values():
        raise error
    return found


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns a span without the blanks at both its ends.

    >>> trimmed("so  it broke ", 2, 13)
    (4, 12)
    """
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, start + len(words.strip())
