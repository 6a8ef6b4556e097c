"""FacetedRasch: persons, items and raters on one scale; the ratings are its state.

Linacre, *Many-Facet Rasch Measurement*, 1989; Kennedy et al. 2020 (arXiv 2009.10277)
measure hate speech this way. Persons are what is rated, most often comments. They are
integrated out or conditioned away: estimated jointly with raters, they would make
severities too large, twice as large with two ratings per person (Andersen 1973).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.rasch import Way

ONE_ITEM = "rating"
_KEPT = ("raters", "items", "persons")
_FARTHEST = 1_000


def _text(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


def _number(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.float64(), metadata={"doc": doc})


@dataclass(kw_only=True)
class FacetedRasch(Measure):
    """Estimates severity of raters, difficulty of items, and place of what is rated.

    The chance of a rating x grows with exp(sum over k up to x of person - item - rater
    - tau_k): one scale of logits for all. Raters, items and thresholds sum to 0.

    In a lake, raters are people and ratings are their answers to a task: a point of the
    scale, or 1 if a label was chosen and 0 if it was not; each label is an item.

    Args:
      way: `marginal`, persons are normally distributed; or `conditional`, from pairs of
        ratings of one person, however persons are distributed.
      keep: which of `raters`, `items` and `persons` get values, separated by commas; if
        empty, all, but persons only if they are at most 1,000.
      low: the lowest point of the scale; the lowest rating if not given.
      high: its highest point; the highest rating if not given.
      folds: in how many parts ratings are held out, to see how well the others predict
        them with and without severities; 0 for not at all.
      task: the task of the answers, in a lake.
      points: in a lake, the number of points of the scale that people answered on.

    Raises:
      UsageError: an option is out of its range.
    """

    way: Way = "marginal"
    keep: str = ""
    low: int | None = None
    high: int | None = None
    folds: int = 0
    task: str = "emotion"
    points: int = 9

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _text("person", "what is rated: a comment, a clip"),
            _text("item", "the aspect that is rated; a single one if empty"),
            _text("rater", "who rates"),
            _number("rating", "a whole number"),
            _text(
                "person_group",
                "group of what is rated: are raters more severe with some?",
            ),
            _text("rater_group", "group of the rater: is an item harder for some?"),
            _number("weight", "how much a person counts, above 0; 1 if missing"),
            _text(
                "unit", "what intervals resample: a conversation, with all its persons"
            ),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("person", "rater", "rating")
    refuses: ClassVar[Mapping[str, str]] = {
        "a rating is not a whole number on the scale": (
            "NOT isfinite(rating) OR rating <> round(rating) "
            f"OR abs(rating) > {_FARTHEST} "
            "OR rating < $low OR rating > $high"
        ),
        "a weight is not above 0": "NOT isfinite(weight) OR weight <= 0",
    }
    query: ClassVar[str] = """
SELECT DISTINCT a.utterance_id AS person, a.label AS item, a.annotator_id AS rater,
  coalesce(1 + round(a.value * ($points - 1)), a.chosen::INT) AS rating,
  u.conversation_id AS unit, a.utterance_id
FROM annotations AS a
JOIN annotators AS who USING (annotator_id)
JOIN placed_utterances AS u USING (utterance_id)
WHERE who.kind = 'person' AND a.task = $task AND a.status = 'ok'
  AND a.label IS NOT NULL
"""
    wants: ClassVar[str] = (
        "answers of people to the task, as `affectflow gold` makes them; "
        "--set task=TASK names another, of those that `affectflow sql` lists: "
        "SELECT DISTINCT task FROM annotations JOIN annotators USING (annotator_id) "
        "WHERE kind = 'person'"
    )
    keys: ClassVar[tuple[str, ...]] = (
        "unit",
        "person",
        "item",
        "rater",
        "person_group",
        "rater_group",
        "rating",
    )
    state: ClassVar[str] = f"""
SELECT unit, person, coalesce(item, '{ONE_ITEM}') AS item, rater, person_group,
  rater_group, rating::SMALLINT AS rating, sum(coalesce(weight, 1)) AS weight
FROM observations GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="how severe raters are, and the place of what they rate without that "
        "severity",
        answers="how much of a rating is due to the rater, and what is left without "
        "it?",
        example="affectflow measure FacetedRasch ratings.csv "
        "--map person=comment,rater=coder,rating=score",
        misleads="a severe rater is not necessarily wrong; a rater who rates at random "
        "has a "
        "severity too, and shows in outfit only; places of two fits have no common "
        "zero",
    )

    def __post_init__(self) -> None:
        if self.way not in ("marginal", "conditional"):
            raise UsageError(f"`way` must be marginal or conditional, got {self.way!r}")
        if unknown := [word for word in self._words() if word not in _KEPT]:
            raise UsageError(
                f"`keep` must be {', '.join(_KEPT)} separated by commas, got "
                f"{unknown[0]!r}"
            )
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise UsageError(
                f"`low` must be below `high`, got {self.low} and {self.high}"
            )
        if self.folds < 0 or self.folds == 1 or self.points < 2:
            raise UsageError(
                "`folds` must be 0 or at least 2, and `points` at least 2, got "
                f"{self.folds} and {self.points}"
            )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the values fitted to the ratings, or why there are none."""
        # Listing plugins must not wait for scipy.
        from affectflow_transforms.measures.rasch.values import values_of

        yield from values_of(
            state,
            way=self.way,
            keep=self._words(),
            folds=self.folds,
            errors=not self.draws,  # draws give the intervals, if there are any
        )

    def _words(self) -> list[str]:
        return [word.strip() for word in self.keep.split(",") if word.strip()]
