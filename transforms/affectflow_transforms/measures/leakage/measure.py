"""SpeakerLeakage: which side of a conversation gives its label away.

In interviews about depression, models learned from the interviewer's prompts what they
were thought to learn from the participant's answers (Burdisso et al. 2024, ClinicalNLP
at NAACL; DAIC-WOZ). The same learner is fitted to what each role says alone.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.measure import ATTRIBUTES, TASKS, Measure, Value, by_options
from affectflow.registry import Card
from affectflow_transforms.measures.leakage.comparison import Comparison, Plan
from affectflow_transforms.measures.leakage.corpus import Corpus, read_corpus
from affectflow_transforms.measures.leakage.learners import Learner, terms_of

_WORD = r"[\p{L}\p{M}\p{N}_]+(?:''[\p{L}\p{M}\p{N}_]+)?"


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


def _refuses(measure: "SpeakerLeakage") -> Mapping[str, str]:
    odd = "another role"
    if measure.roles:
        odd += f" than {' and '.join(measure.roles)}, which `roles` names"
    return {
        "no words": r"NOT regexp_matches(text, '[\p{L}\p{N}]')",
        odd: (
            "trim(role) = '' OR ($roles <> '' AND "
            "NOT list_contains(string_split($roles, ','), role))"
        ),
    }


@dataclass(kw_only=True)
class SpeakerLeakage(Measure):
    """Compares how well each of two roles' words alone tell the label.

    Of each role: `macro_f1`, and `auc` if there are two labels, from a learner that
    was fitted to other conversations; and the same `_permuted`, the mean where labels
    were shuffled, with the middle 95 % of it. The gap is the first role less the
    second, and `_without_prompts` where turns of the first role that tell the label
    are left out: phrases that were found in the other folds. Each `prompt` of all
    items has the logarithm of its odds ratio for the label that it tells, and where it
    stands, from 0 to 1. `concentration` is 0 where the words that tell are spread
    evenly over a conversation, and 1 where they are in one place.

    Args:
      roles: the side that might give it away, and the side that is meant to tell; may
        be left out where there are two, which are then taken by the alphabet.
      task: of people's labels, in a lake: what more people chose than any other label,
        and than chose nothing.
      column: of `attrs`, which says the label in the place of people.
      per: in a lake, whether a label is of its `conversation` (the last one counts),
        or of its `turn`: then the turn before it is the other side.
      learner: `logistic`, of tf-idf of words and pairs of words; or `bayes`, naive.
      folds: in so many parts conversations are cut, by a hash.
      order: the longest phrase, in words.
      permutations: how often labels are shuffled.
      prompts: at most so many phrases are listed, and left out in each fold.

    Raises:
      UsageError: there is one role, or more than two, or a number is out of its range.
    """

    roles: tuple[str, ...] = ()
    task: str = "emotion"
    column: str = ""
    per: Literal["conversation", "turn"] = "conversation"
    learner: Learner = "logistic"
    folds: int = 5
    order: int = 3
    permutations: int = 20
    prompts: int = 10

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("conversation_id", "what folds and intervals are made of"),
            _column("item", "what has the label; empty for the conversation"),
            _column("role", "who speaks"),
            _column("text", "what is said"),
            _column("label", "label of the item, the same for all its turns"),
            pa.field(
                "place", pa.int64(), metadata={"doc": "number of the turn in the item"}
            ),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("conversation_id", "role", "text", "label")
    refuses: ClassVar[Mapping[str, str]] = by_options(_refuses)
    keys: ClassVar[tuple[str, ...]] = (
        *("conversation", "item", "role", "fold", "label", "place", "term"),
    )
    query: ClassVar[str] = """
WITH said AS (
  SELECT utterance_id, min(label) AS label FROM majority
  WHERE $column = '' AND task = $task AND leads AND label IS NOT NULL
  GROUP BY utterance_id
  UNION ALL
  SELECT utterance_id, attrs[$column] FROM utterances
  WHERE $column <> '' AND attrs[$column] IS NOT NULL
),
turns AS (
  SELECT utterance_id, conversation_id, speaker_role AS role, text, label,
    row_number() OVER talk AS place,
    lag(speaker_role) OVER talk AS role_before, lag(text) OVER talk AS text_before
  FROM utterances LEFT JOIN said USING (utterance_id)
  WINDOW talk AS (PARTITION BY conversation_id ORDER BY timestamp, utterance_id)
),
talks AS (
  SELECT conversation_id, arg_max(label, place) AS label
  FROM turns WHERE label IS NOT NULL GROUP BY ALL
)
SELECT conversation_id, conversation_id AS item, role, text, talks.label, place,
  utterance_id
FROM turns JOIN talks USING (conversation_id) WHERE $per = 'conversation'
UNION ALL
SELECT conversation_id, utterance_id, role, text, label, 2, utterance_id
FROM turns WHERE $per = 'turn' AND label IS NOT NULL
UNION ALL
SELECT conversation_id, utterance_id, role_before, text_before, label, 1, utterance_id
FROM turns WHERE $per = 'turn' AND label IS NOT NULL AND text_before IS NOT NULL
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "roles": "SELECT role FROM observations",
        "task": TASKS,
        "column": ATTRIBUTES,
    }
    wants: ClassVar[str] = (
        "people's labels (--set task=TASK), or a column of attrs (--set column=NAME), "
        "in conversations whose speakers have roles"
    )
    state: ClassVar[str] = f"""
WITH turns AS (
  SELECT conversation_id AS conversation, coalesce(item, conversation_id) AS item,
    role, (md5_number_lower(conversation_id) % $folds)::BIGINT AS fold, label, place,
    regexp_extract_all(lower(text), '{_WORD}') AS words
  FROM observations
),
runs AS (SELECT *, unnest(range(1, $order + 1)) AS n FROM turns),
terms AS (
  SELECT conversation, item, role, fold, label, place, unnest(list_transform(
    range(1, len(words) - n + 2), lambda i: array_to_string(words[i:i + n - 1], ' ')
  )) AS term
  FROM runs
)
SELECT conversation, item, role, fold, label, place, term, count(*) AS times
FROM terms GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="how much each side of a conversation gives its label away",
        answers="does a model learn from the answers, or from the interviewer?",
        example="affectflow measure SpeakerLeakage talks.csv --set "
        "roles=interviewer,participant",
        misleads="a side that tells the label need not cheat: it may react to it; few "
        "conversations make wide intervals, so print them with --draws",
    )

    def __post_init__(self) -> None:
        if len(set(self.roles)) not in (0, 2) or len(self.roles) > 2:
            raise UsageError(
                "`roles` must be two, the side that might give it away and the side "
                f"that is meant to tell, got {', '.join(self.roles)}"
            )
        least = {"folds": 2, "order": 1, "permutations": 1, "prompts": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise UsageError(
                    f"`{name}` must be at least {lowest}, got {getattr(self, name)}"
                )

    def parameters(self) -> dict[str, Any]:
        """Returns the options; roles as one text, as the SQL reads them."""
        return {**super().parameters(), "roles": ",".join(self.roles)}

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields figures of the roles, their gap, prompts, and what was left out."""
        there = sorted(pc.unique(state["role"]).to_pylist())
        roles = self.roles or tuple(there)
        if len(roles) != 2 or not set(roles) <= set(there):
            yield from _nothing(_wrong_roles(there, self.roles))
            return
        corpus = read_corpus(state, roles)
        n = corpus.one_role + corpus.two_labels + len(corpus.truth)
        yield Value("items", "(all)", "one_role", corpus.one_role, n=n)
        yield Value("items", "(all)", "two_labels", corpus.two_labels, n=n)
        if why := _unlearnable(corpus):
            yield from _nothing(why)
            return
        plan = Plan(self.learner, self.permutations, self.prompts, self.draws)
        yield from Comparison(corpus, plan).values()


def _wrong_roles(there: list[str], wanted: tuple[str, ...]) -> str:
    said = f"the roles are {', '.join(there)}"
    if wanted:
        return f"{said}, and not {' and '.join(wanted)}"
    return f"{said}: two are compared, name them with roles=OTHER,SUBJECT"


def _unlearnable(corpus: Corpus) -> str:
    """Returns why nothing can be learned; empty if something can."""
    if not len(corpus.truth):
        return "both roles never speak in the same item"
    if len(np.unique(corpus.truth)) < 2:
        return f"all items have the label {corpus.labels[0]}"
    for place, label in enumerate(corpus.labels):
        if len(np.unique(corpus.folds[corpus.truth == place])) < 2:
            return f"{label} is in one fold only: more conversations are needed"
    for side in corpus.sides:
        if not len(terms_of(side, len(corpus.truth))):
            return f"no word of {side.role} is in two items"
    return ""


def _nothing(why: str) -> Iterator[Value]:
    yield Value("gap", "(roles)", "macro_f1", math.nan, why=why)
