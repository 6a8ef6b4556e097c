"""PromptUplift: how much a sentence around a prompt improves answers.

A stimulus is a sentence that is put around a prompt: EmotionPrompt (Li et al. 2023,
arXiv 2307.11760) encourages, NegativePrompt (Wang et al., IJCAI 2024) discourages. Each
answer is paired with that of the same model to the same utterance without it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card

_EMPTY = "trim({}) = ''"
_ANSWERED = "('ok', 'truncated')"
_NOT_ASKED = "('no_author_text', 'unsupported_language', 'guarded', 'withheld')"


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


@dataclass(kw_only=True)
class PromptUplift(Measure):
    """Measures how much better answers are with a stimulus than without it.

    Of each stimulus, the best first: `accuracy` (or `macro_f1`) with it, the same
    without it, as `..._without`; `uplift`, the difference, and `relative`, the
    difference as a share of what there is without it: .50 to .54 is 0.08. Labels are
    compared without regard to case. An answer that is empty or could not be read is
    wrong.

    In a lake, annotators are paired that differ in nothing but the stimulus. Gold is
    the label that more people chose than any other, and than chose nothing.

    Args:
      figure: `accuracy`, or `macro_f1`: the mean F1 of the labels that gold has.
      task: in a lake, of the answers.
      gold_task: in a lake, of people's answers; `task` if empty.

    Raises:
      UsageError: `figure` has no such value.
    """

    figure: Literal["accuracy", "macro_f1"] = "accuracy"
    task: str = "emotion"
    gold_task: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column(
                "item",
                "what is answered about; resampled by intervals if unit is empty",
            ),
            _column("gold", "the label that is right"),
            _column("base", "the answer without the stimulus"),
            _column("label", "the answer with it"),
            _column("stimulus", "what was put around the prompt"),
            _column("annotator_id", "who answered without it; reported separately"),
            _column("unit", "what intervals resample: a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("item", "gold", "base", "label", "stimulus")
    refuses: ClassVar[Mapping[str, str]] = {
        "gold is empty, or people are divided": _EMPTY.format("gold"),
        "the stimulus is empty": _EMPTY.format("stimulus"),
    }
    keys: ClassVar[tuple[str, ...]] = (
        *("unit", "annotator_id", "stimulus"),
        *("gold", "base", "label"),
    )
    state: ClassVar[str] = """
SELECT coalesce(unit, item) AS unit, annotator_id, trim(stimulus) AS stimulus,
  lower(trim(gold)) AS gold, lower(trim(base)) AS base, lower(trim(label)) AS label,
  count(*) AS n
FROM observations
GROUP BY ALL
"""
    query: ClassVar[str] = f"""
WITH asked AS (
  SELECT annotator_id, model, revision,
    coalesce(parameters::JSON ->> 'stimulus', '') AS stimulus,
    parameters::JSON ->> 'prompt' AS prompt,
    parameters::JSON ->> 'unstimulated' AS unstimulated,
    json_merge_patch(
      parameters::JSON, '{{"prompt": null, "stimulus": null, "unstimulated": null}}'
    )::VARCHAR AS rest
  FROM annotators WHERE kind = 'prompt'
),
twins AS (
  SELECT a.annotator_id, a.stimulus, b.annotator_id AS twin
  FROM asked AS a
  LEFT JOIN asked AS b
    ON b.stimulus = '' AND b.prompt = a.unstimulated AND b.rest = a.rest
    AND b.model = a.model AND b.revision IS NOT DISTINCT FROM a.revision
  WHERE a.stimulus <> ''
),
answers AS (
  SELECT utterance_id, annotator_id, conversation_id,
    coalesce(
      min(label) FILTER (
        chosen AND coalesce(rank, 1) = 1
        AND coalesce(status, 'ok') IN {_ANSWERED}
      ), ''
    ) AS label
  FROM annotations
  WHERE task = $task AND coalesce(status, 'ok') NOT IN {_NOT_ASKED}
  GROUP BY ALL
),
gold AS (
  -- As many votes for another, or for none: no one label is gold.
  SELECT utterance_id, coalesce(min(label) FILTER (leads), '') AS gold
  FROM majority
  WHERE task = CASE WHEN $gold_task = '' THEN $task ELSE $gold_task END
  GROUP BY utterance_id
)
SELECT told.utterance_id AS item, gold.gold, base.label AS base, told.label,
  twins.stimulus, twins.twin AS annotator_id, told.conversation_id AS unit,
  told.utterance_id
FROM twins
JOIN answers AS told USING (annotator_id)
LEFT JOIN answers AS base
  ON base.annotator_id = twins.twin AND base.utterance_id = told.utterance_id
LEFT JOIN gold ON gold.utterance_id = told.utterance_id
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
        "gold_task": TASKS,
    }
    wants: ClassVar[str] = (
        "answers of a prompt with a stimulus (annotate --prompt NAME --set "
        "stimulus=positive:EP02), of the same prompt without it, and people's labels"
    )
    card: ClassVar[Card] = Card(
        summary="measures how much a sentence around a prompt helps, against the "
        "prompt without it",
        answers="does telling a model that it matters make its answers better?",
        example="affectflow measure PromptUplift lake --draws 1000",
        misleads="the best of twenty sentences looks better than it is: try it on "
        "other texts; a model that got worse on one label and better on another "
        "has an uplift of 0",
    )

    def __post_init__(self) -> None:
        if self.figure not in ("accuracy", "macro_f1"):
            raise UsageError(
                f"`figure` must be accuracy or macro_f1, got {self.figure!r}"
            )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the uplift of each stimulus, the best first."""
        pairs = _pairs(state)
        gains = [(_gain(self.figure, each), each) for each in pairs]
        for gain, each in sorted(gains, key=lambda g: (-g[0].uplift, g[1].name)):
            yield from _values(self.figure, gain, each)


Numbers = npt.NDArray[np.int64]


class Pairs(NamedTuple):
    """Answers with a stimulus and without it, counted.

    Attributes:
      name: of the stimulus, and of whose answers they are.
      gold: shape (rows,), the number of the right label.
      base: the answer without the stimulus; labels that gold does not have are -1.
      told: the answer with it.
      n: how often.
      labels: how many gold has.
    """

    name: str
    gold: Numbers
    base: Numbers
    told: Numbers
    n: Numbers
    labels: int


class Gain(NamedTuple):
    """A figure with a stimulus, and without it; NaN where gold has one label."""

    told: float
    base: float

    @property
    def uplift(self) -> float:
        """The difference; what has none sorts last."""
        gained = self.told - self.base
        return -math.inf if math.isnan(gained) else gained


def _pairs(state: pa.Table) -> Iterator[Pairs]:
    """Yields the answers of each annotator and stimulus."""
    columns = {name: state[name].to_pylist() for name in state.schema.names}
    places: dict[str, list[int]] = {}
    named = zip(columns["stimulus"], columns["annotator_id"], strict=True)
    for place, (stimulus, who) in enumerate(named):
        name = f"{stimulus} of {who}" if who else stimulus
        places.setdefault(name, []).append(place)
    for name, rows in places.items():
        number = {
            label: n for n, label in enumerate(sorted(_of(columns["gold"], rows)))
        }
        gold, base, told = (
            np.array([number.get(columns[each][row], -1) for row in rows])
            for each in ("gold", "base", "label")
        )
        n = np.array([columns["n"][row] for row in rows])
        yield Pairs(name, gold, base, told, n, len(number))


def _of(column: list[str], rows: list[int]) -> set[str]:
    return {column[row] for row in rows}


def _gain(figure: str, given: Pairs) -> Gain:
    if given.labels < 2:
        return Gain(math.nan, math.nan)
    made = _accuracy if figure == "accuracy" else _macro_f1
    return Gain(made(given, given.told), made(given, given.base))


def _accuracy(given: Pairs, answers: Numbers) -> float:
    return float(given.n[answers == given.gold].sum() / given.n.sum())


def _macro_f1(given: Pairs, answers: Numbers) -> float:
    """Returns the mean F1 of the labels of gold, 0..1."""
    right = answers == given.gold
    hits = np.bincount(given.gold[right], given.n[right], given.labels)
    true = np.bincount(given.gold, given.n, given.labels)
    said = answers >= 0
    answered = np.bincount(answers[said], given.n[said], given.labels)
    return float(np.mean(2 * hits / (true + answered)))


def _values(figure: str, gain: Gain, given: Pairs) -> Iterator[Value]:
    why = "gold has only one label"
    n = int(given.n.sum())
    uplift = gain.told - gain.base
    relative = uplift / gain.base if gain.base else math.nan
    for label, value in (
        ("uplift", uplift),
        (figure, gain.told),
        (f"{figure}_without", gain.base),
    ):
        yield Value("stimulus", given.name, label, value, n=n, why=why)
    why = "nothing is right without it" if gain.base == 0 else why
    yield Value("stimulus", given.name, "relative", relative, n=n, why=why)
