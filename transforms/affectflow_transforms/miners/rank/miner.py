"""RankMiner: causes of emotions, as a small model ranks the spans of a message."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar, NamedTuple

from affectflow import weights as stored
from affectflow.kinds.identity import Origin
from affectflow.kinds.miner import Found, Scene
from affectflow.registry import Card
from affectflow_transforms.miners.candidates import (
    MIN_CONTENT_WORDS,
    Candidate,
    is_reaction,
)
from affectflow_transforms.miners.clauses import DANGLING, Reading, Span
from affectflow_transforms.miners.history import Turn, answered, earlier_cause
from affectflow_transforms.miners.rank.layout import Case
from affectflow_transforms.miners.rank.model import ANNOTATOR, Ranked, Ranker
from affectflow_transforms.miners.rank.tokens import Tokens, tokens_of
from affectflow_transforms.miners.rank.words import families_of
from affectflow_transforms.miners.word_miner import (
    WordMiner,
    found,
    is_given,
    read_turn,
)

PACKAGE = "affectflow_transforms.miners.rank"
GOOD_ENOUGH = 0.5
"""From this score on, the utterance's own cause is used without looking back."""
_SCENES_AT_ONCE = 64
_LEAD = re.compile(r"(?:for|that|because|when|how|due to|about)\s+(?=\S+\s+\S)")
_THANKS_TO = ("thanks to ", "thank you to ", "thx to ")
_THANKED = re.compile(r"(?:\S+ ){1,2}?for (?=\w)")


class _Asked(NamedTuple):
    scene: Scene
    label: str
    now: Turn
    earlier: Sequence[Turn]


@dataclass(kw_only=True)
class RankMiner(WordMiner[Ranker]):
    """Finds the span that a small learned model ranks first, for each chosen emotion.

    English. Every run of words in a sentence may be the cause; its words and context
    count for or against it. Earlier utterances are considered if the utterance itself
    names no cause.

    Args:
      weights: folder that `affectflow train causes` wrote; empty for what comes with
        the package.
    """

    weights: str = ""

    annotator_kind: ClassVar[str] = "model"
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    card: ClassVar[Card] = Card(
        summary="ranks spans by learned weights (English); embedded, CPU",
        weights_licence="Apache-2.0 (trained on texts that a language model wrote, "
        "gh_incivility, MIT, and irc_disentanglement, CC BY 4.0)",
        misleads="a language model marked all causes that it learned from, of "
        "messages that it wrote and of real ones, mostly developers'",
    )

    def origin(self) -> Origin:
        """Returns the package's weights, or those of a user with their licence."""
        shipped, own = stored.folder(PACKAGE), self._folder
        revision = stored.digest(own)
        if revision == stored.digest(shipped):
            return Origin(ANNOTATOR, revision, self.card.weights_licence, True)
        licence = stored.read_metadata(own, ANNOTATOR).get("licence", "not stated")
        return Origin(ANNOTATOR, revision, licence, None)

    @property
    def _folder(self) -> Path:
        given = Path(self.weights).expanduser()
        return given if self.weights else stored.folder(PACKAGE)

    def load_model(self) -> Ranker:
        """Returns the ranker on this worker.

        Raises:
          UsageError: `weights` is not a folder with weights for it.
        """
        return Ranker.load(self._folder)

    def find(self, scene: Scene, model: Ranker) -> Iterable[Found]:
        """Returns the causes of one scene."""
        return next(self.find_all([scene], model))

    def find_all(
        self, scenes: Iterable[Scene], model: Ranker
    ) -> Iterator[Iterable[Found]]:
        """Yields the causes of each scene; those of many are ranked together."""
        waiting = iter(scenes)
        while together := list(islice(waiting, _SCENES_AT_ONCE)):
            by_scene = [list(self._asked_of(scene)) for scene in together]
            asked = [each for of_scene in by_scene for each in of_scene]
            _rank([(each.now, each.label) for each in asked], model)
            _rank([pair for each in asked for pair in self._before(each)], model)
            for of_scene in by_scene:
                told = [self._answer(each) for each in of_scene]
                yield [each for each in told if each is not None]

    def _asked_of(self, scene: Scene) -> Iterator[_Asked]:
        now = read_turn(scene.now, marked=False)
        earlier = [read_turn(turn, marked=False) for turn in scene.earlier]
        for label in self.wanted(scene, now):
            before = answered(earlier, now, label, given=is_given(scene, label))
            yield _Asked(scene, label, now, before)

    def _before(self, asked: _Asked) -> Iterator[tuple[Turn, str]]:
        """Yields the earlier turns that are looked at, if any are."""
        if not _names_it(asked):
            for turn in asked.earlier:
                yield turn, asked.label

    def _answer(self, asked: _Asked) -> Found | None:
        scene, label, now, earlier = asked
        here = now.causes[label]
        own = here.score if here is not None else 0.0
        least = self.least(scene, label)
        best = None if here is None else (now, here)
        if not _names_it(asked):
            before = earlier_cause(earlier, now, label)
            if before is not None and before[1].score >= max(own, least):
                best = before
        if best is None or best[1].score < least:
            return None
        turn = next(
            each
            for each in (scene.now, *scene.earlier)
            if each.utterance_id == best[0].utterance_id
        )
        return found(label, turn, best[0].reading, best[1])


def _names_it(asked: _Asked) -> bool:
    """Returns whether an utterance names the cause itself, so that none looks back."""
    here = asked.now.causes[asked.label]
    if here is None or not asked.scene.earlier:
        return here is not None
    return here.score >= GOOD_ENOUGH and not is_reaction(asked.now.reading, here.span)


def _rank(pairs: Sequence[tuple[Turn, str]], model: Ranker) -> None:
    """Finds what is likeliest in each turn to cause an emotion, if nobody did.

    Emotions that are told by the same words are asked about together.
    """
    alike: dict[tuple[int, int], tuple[Turn, list[str]]] = {}
    for turn, label in pairs:
        if label not in turn.causes:
            key = id(turn), families_of(label)
            alike.setdefault(key, (turn, []))[1].append(label)
    asked = [(turn, labels) for turn, labels in alike.values()]
    cases = [Case(_tokens(turn, model), labels[0]) for turn, labels in asked]
    telling = model.words.told()[:, 3]
    full = [sum(telling[c.tokens.rows]) >= MIN_CONTENT_WORDS for c in cases]
    ranked = iter(
        model.rank([c for c, is_full in zip(cases, full, strict=True) if is_full])
    )
    for (turn, labels), case, is_full in zip(asked, cases, full, strict=True):
        best = _candidate(turn, case, next(ranked)) if is_full else None
        turn.causes.update(dict.fromkeys(labels, best))


def _candidate(turn: Turn, case: Case, best: Ranked) -> Candidate | None:
    spans = case.tokens.spans
    span = trimmed(turn.reading, spans[best.first][0], spans[best.last][1])
    return Candidate(span, best.score) if span else None


def trimmed(reading: Reading, start: int, end: int) -> Span | None:
    """Returns a span without connectives before it, and without who is thanked."""
    lead = _LEAD.match(reading.masked, start, end)
    start = lead.end() if lead else start
    if reading.masked[:start].endswith(_THANKS_TO):
        thanked = _THANKED.match(reading.masked, start, end)
        start = thanked.end() if thanked else start
    hanging = DANGLING.search(reading.masked, start, end)
    return reading.trim(start, hanging.start() if hanging else end)


def _tokens(turn: Turn, model: Ranker) -> Tokens:
    if turn.tokens is None:
        turn.tokens = tokens_of(turn.reading, model.words)
    return turn.tokens
