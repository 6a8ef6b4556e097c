"""What a prompt shows from another annotator: labels, and words it relies on."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.kinds.model import Scored, Scorer
from affectflow.schemas import ANNOTATIONS_COLUMN

_WORD = re.compile(r"[^\W_][\w'’-]*")
MOST_WORDS = 200
"""In a longer text, words after these are not tried."""
_ROWS_AT_ONCE = 256


def labels_of(batch: pa.RecordBatch, over: str) -> list[dict[str, float]]:
    """Returns the labels of each row by an annotator, and their scores.

    Args:
      batch: with `annotations`.
      over: the annotator's id, or how it begins; empty for all.
    """
    found: list[dict[str, float]] = []
    for annotations in batch.column(ANNOTATIONS_COLUMN.name).to_pylist():
        scores: dict[str, float] = {}
        for each in annotations or ():
            own = (each["annotator_id"] or "").startswith(over)
            if own and each["label"] is not None:
                score = each["score"] if each["score"] is not None else each["chosen"]
                scores[each["label"]] = max(
                    float(score), scores.get(each["label"], 0.0)
                )
        found.append(scores)
    return found


def best(scores: Iterable[Mapping[str, float]], n: int) -> tuple[str, ...]:
    """Returns the n labels with the highest sums of scores, the best first.

    >>> best([{"joy": 0.5, "fear": 0.25}, {"fear": 0.5}], 1)
    ('fear',)
    """
    sums: dict[str, float] = defaultdict(float)
    for row in scores:
        for label, score in row.items():
            sums[label] += score
    return tuple(sorted(sums, key=lambda label: (-sums[label], label))[:n])


def words_of(texts: Sequence[str], over: str, n: int) -> list[tuple[str, ...]]:
    """Returns the words that an annotator relies on in each text, the weightiest first.

    The model is asked again without each word; the weight of a word is the drop in
    score of the text's best label. So the words come from the model's weights, not from
    a word list.

    Args:
      texts: different or not; one that the model cannot read has no words.
      over: the annotator's id, or how it begins.
      n: at most this many words of a text.

    Raises:
      UsageError: it is not an installed model that gives scores, as it comes.
    """
    scorer, model = beside(over)
    distinct = list(dict.fromkeys(texts))
    unknown = np.zeros(len(distinct), np.bool_)
    readable = scorer.understands(distinct, unknown, model)
    asked = [text for text, can in zip(distinct, readable, strict=True) if can]
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(asked), _ROWS_AT_ONCE):
        piece = asked[start : start + _ROWS_AT_ONCE]
        found.update(zip(piece, _weighed(scorer, model, piece, n), strict=True))
    return [found.get(text, ()) for text in texts]


def _weighed(
    scorer: Scorer[Any], model: Any, texts: Sequence[str], n: int
) -> Iterator[tuple[str, ...]]:
    """Yields the weightiest words of each text."""
    tried = [(text, list(_without(text))) for text in texts]
    asked = [each for text, rest in tried for each in (text, *(r for _, r in rest))]
    scores = _scores(scorer.score(asked, model))
    place = 0
    for _, rest in tried:
        own = scores[place : place + 1 + len(rest)]
        place += 1 + len(rest)
        falls = own[0].max() - own[1:, own[0].argmax()]
        order = np.argsort(-falls, kind="stable")[:n]
        yield tuple(rest[each][0] for each in order if falls[each] > 0)


def _scores(scored: Scored) -> Any:
    """Returns the scores of the first task."""
    scores = scored.answers[0].scores
    if scores is None:
        raise UsageError(
            "the other annotator gives values, not scores, so it has no words; choose "
            "one that gives scores"
        )
    return scores


def _without(text: str) -> Iterator[tuple[str, str]]:
    """Yields each word of a text, and the text without it.

    >>> list(_without("no, oh no!"))
    [('no', ', oh !'), ('oh', 'no,  no!')]
    """
    places: dict[str, list[re.Match[str]]] = {}
    for match in _WORD.finditer(text):
        if match[0].lower() in places or len(places) < MOST_WORDS:
            places.setdefault(match[0].lower(), []).append(match)
    for matches in places.values():
        ends = [0, *(match.end() for match in matches)]
        starts = [*(match.start() for match in matches), len(text)]
        kept = (text[a:b] for a, b in zip(ends, starts, strict=True))
        yield matches[0][0], "".join(kept)


@functools.lru_cache(maxsize=2)
def beside(over: str) -> tuple[Scorer[Any], Any]:
    """Returns an annotator's model, loaded once in a process.

    Raises:
      UsageError: it is not an installed model that gives scores, as it comes.
    """
    scorer = scorer_of(over)
    return scorer, scorer.load_model()


def scorer_of(over: str) -> Scorer[Any]:
    """Returns the plugin that answers as an annotator; loads no weights.

    Raises:
      UsageError: as `beside`.
    """
    name = over.partition("@")[0]
    scorer = registry.make("models", name) if name in registry.names("models") else None
    id_ = scorer.annotator()["annotator_id"] if scorer is not None else ""
    if not isinstance(scorer, Scorer) or not id_.startswith(over):
        raise UsageError(
            f"the words that {over!r} relies on are unknown: --over must name an "
            "installed model that gives scores, without options"
        )
    return scorer
