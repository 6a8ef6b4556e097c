"""Drawing a sample: at random, from as many conversations as there are.

Two steps, each with a known chance. Every conversation puts one of its messages up, at
random: 1 / size. Of these, n are drawn: n / conversations, or in strata n_h / N_h
(Sarndal, Swensson and Wretman 1992, chapter 9). The inclusion probability is the
product of the two.

Where fewer conversations are there than messages are wanted, they put messages up in
turns, one each, until there are enough: k of a conversation with k or more, all of a
smaller one. Without strata all that was put up before the last turn is drawn, and of
the last turn as many as are left, r of R; a message of s has the chance
(k - 1 + r / R) / s, or 1 if s < k. With strata n_h of the N_h put up are drawn,
whatever their turn: min(k, s) / s * n_h / N_h. For k = 1 both are the product above.

Chance is MD5 of the seed and the id: the same draw for any order of files and any
version of the database, which does all the choosing. Without strata a larger sample of
the same seed holds the smaller one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.gold.asking.allotting import allot, turns_for
from affectflow.gold.asking.designs import (
    MESSAGES,
    design_of,
    drawable_before,
    keep_drawable,
)
from affectflow.gold.asking.samples import TEXT_DIGITS, Sample, keep, sample_id_of
from affectflow.gold.targets.labels import Target, spoken_by
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.lake.naming import annotator_meant
from affectflow.lake.views import quote
from affectflow.schemas import PEOPLE

ENOUGH = 400
"""How many messages are drawn by default, if there are so many conversations."""
ENOUGH_NEW = 50
"""The same for a top-up."""


def enough_after(n: int) -> int:
    """Returns how many messages to draw where the answers to `n` are too few."""
    return max(ENOUGH, 2 * n)


_MODELS = f"""
SELECT annotator_id, any_value(vocabulary) AS vocabulary,
  count(DISTINCT utterance_id) AS n
FROM annotations AS a
WHERE task = $task AND annotator_id NOT IN {PEOPLE}
GROUP BY annotator_id ORDER BY n DESC, annotator_id"""

# A report counts what an annotator of the task answered.
_ANSWERED = """
CREATE OR REPLACE TEMP VIEW eligible AS
SELECT u.utterance_id, u.conversation_id FROM placed_utterances AS u
WHERE NOT u.by_bot AND u.text <> '' AND u.utterance_id IN (
  SELECT utterance_id FROM annotations
  WHERE task = {task} AND annotator_id IN (SELECT unnest({models}))
    AND (status = 'ok' OR label IS NOT NULL)
)"""
# If none has: any message with its author's words outside code, quotes and logs.
_WITH_TEXT = """
CREATE OR REPLACE TEMP VIEW eligible AS
WITH told AS (
  SELECT utterance_id, conversation_id, text,
    list_sort(list_transform(coalesce(segments, []),
      lambda s: {{s: s.start, e: s."end"}})) AS spans
  FROM placed_utterances WHERE NOT by_bot AND text <> ''
)
SELECT utterance_id, conversation_id FROM told
WHERE len(spans) = 0 AND trim(text) <> ''
  OR utterance_id IN (SELECT utterance_id FROM cues WHERE start IS NOT NULL)
  OR regexp_matches(array_to_string(list_transform(range(len(spans) + 1), lambda i:
    substring(text,
      1 + coalesce(list_max(list_transform(spans[1:i], lambda s: s.e)), 0),
      greatest(0, coalesce(spans[i + 1].s, length(text))
        - coalesce(list_max(list_transform(spans[1:i], lambda s: s.e)), 0))
    )), ' '), {says})"""
_SAYS = r"[^\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\x{fffc}]|[!?]"

_DRAWABLE = """
CREATE OR REPLACE TEMP VIEW drawable AS
SELECT e.* FROM eligible AS e
ANTI JOIN drawn_before AS b ON b.message = md5_number_lower(e.utterance_id)"""
_SIZES = """
SELECT size, count(*) AS conversations
FROM (SELECT count(*) AS size FROM drawable GROUP BY conversation_id)
GROUP BY size ORDER BY size"""
# Messages of one conversation have chances of their own: they are not drawn together.
_PUT_UP = """
CREATE OR REPLACE TEMP TABLE put_up AS
SELECT *, md5(
  $seed || 'c' || conversation_id || CASE turn WHEN 1 THEN '' ELSE '/' || turn END
) AS chance
FROM (
  SELECT conversation_id, utterance_id,
    count(*) OVER (PARTITION BY conversation_id) AS size,
    row_number() OVER (
      PARTITION BY conversation_id
      ORDER BY md5($seed || 'u' || utterance_id), utterance_id
    ) AS turn
  FROM drawable
) WHERE turn <= $turns"""
_STRATA = """
ALTER TABLE put_up ADD COLUMN stratum VARCHAR DEFAULT 'rest';
"""
_BY_SCORE = """
UPDATE put_up SET stratum = s.stratum FROM (
  SELECT utterance_id, CASE WHEN bool_or(chosen) THEN 'chosen' ELSE 'maybe' END
    AS stratum
  FROM annotations
  WHERE annotator_id = $annotator AND task = $task AND list_contains($labels, label)
    AND utterance_id IN (SELECT utterance_id FROM put_up)
  GROUP BY utterance_id
) AS s WHERE s.utterance_id = put_up.utterance_id"""
# The order is another chance than that of the draw, which differs between strata: it
# tells raters nothing, and what they answered when they stop early is at random too.
_DRAW = f"""
SELECT utterance_id, d.conversation_id,
  CASE WHEN $by_turn
    THEN least(size, $turns - 1)
      + CASE WHEN size < $turns THEN 0 ELSE (drawn - before)::DOUBLE / last END
    ELSE least(size, $turns) * drawn::DOUBLE / stratum_size
  END / size AS probability,
  stratum, stratum_size, left(md5(u.text), {TEXT_DIGITS}) AS text_digest
FROM (
  SELECT p.*, w.drawn, count(*) OVER strata AS stratum_size,
    count(*) FILTER (turn < $turns) OVER strata AS before,
    count(*) FILTER (turn = $turns) OVER strata AS last,
    row_number() OVER (
      PARTITION BY stratum
      ORDER BY CASE WHEN $by_turn THEN turn END, chance, conversation_id
    ) AS place
  FROM put_up AS p JOIN wanted AS w USING (stratum)
  WINDOW strata AS (PARTITION BY stratum)
) AS d JOIN utterances AS u USING (utterance_id)
WHERE place <= drawn
ORDER BY md5($seed || 's' || utterance_id), utterance_id"""


class How(NamedTuple):
    """How a sample is drawn; see `draw`, and `Sample` for `tops_up`."""

    n: int | None = None
    seed: int = 0
    stratify: str = "none"
    annotator: str = ""
    tops_up: str = ""


def draw(
    lake: Lake,
    targets: Sequence[Target],
    *,
    n: int | None = None,
    seed: int = 0,
    stratify: str = "none",
    annotator: str = "",
) -> tuple[Sample, list[str]]:
    """Draws a sample, stores it in the lake, and returns it with its utterances.

    It is drawn from messages by people that an annotator of the task answered; if none
    has, from messages with words of the author's own.

    Args:
      lake: to draw from.
      targets: what people will be asked.
      n: how many utterances; if None, `ENOUGH`, or one of each conversation. If more
        than there are conversations, several of a conversation; at most all messages.
      seed: equal seeds draw equal samples of equal lakes.
      stratify: `score` draws half of the sample from what the annotator gives one of
        the labels, a quarter from what it gives a score, where there are so many.
      annotator: whose scores to use; if empty, the one that answered the most.

    Raises:
      UsageError: nothing to draw from, nobody's scores to stratify by.
    """
    how = How(n, seed, stratify, annotator)
    with open_lake(lake.uri) as connection:
        return _drawn(lake, connection, targets, how)


def top_up(
    lake: Lake,
    task: str,
    targets: Sequence[Target] = (),
    *,
    n: int | None = None,
    seed: int = 0,
    stratify: str = "none",
    annotator: str = "",
) -> tuple[Sample, list[str]]:
    """Draws from the messages added since a design was drawn; see `draw`.

    People are asked the same questions as before. With these answers, the design
    represents the lake as it is now.

    Args:
      lake: to draw from.
      task: of the design.
      targets: of the design; those of the one drawn from the most messages if empty.
      n: how many utterances, as in `draw`; if None, `ENOUGH_NEW` at most.
      seed: see `draw`, as for the others.
      stratify: see `draw`.
      annotator: see `draw`.

    Raises:
      UsageError: nothing was drawn before, or nothing is new; see `draw`.
    """
    how = How(n, seed, stratify, annotator)
    with open_lake(lake.uri) as connection:
        design = design_of(lake, connection, task, targets)
        how = how._replace(tops_up=design.first.sample_id)
        before = drawable_before(lake, design)
        return _drawn(lake, connection, design.first.targets, how, before)


def _drawn(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    targets: Sequence[Target],
    how: How,
    before: pa.Table | None = None,
) -> tuple[Sample, list[str]]:
    chosen, told = choose(connection, targets, how, before)
    ids = chosen.column("utterance_id").to_pylist()
    drawn = list(zip(ids, chosen.column("text_digest").to_pylist(), strict=True))
    lake_told = {**told, "lake": lake.settings["id"]}
    sample = Sample(sample_id=sample_id_of(lake_told, drawn), **told)
    keep_drawable(lake, connection, sample.sample_id)
    keep(lake, sample, chosen)
    return sample, ids


def choose(
    connection: duckdb.DuckDBPyConnection,
    targets: Sequence[Target],
    how: How,
    before: pa.Table | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Returns what would be drawn from an open lake, and how; writes nothing.

    The table has `utterance_id`, `conversation_id`, `probability`, `stratum`,
    `stratum_size` and `text_digest`, in the order of the sheet.

    Args:
      connection: to the lake.
      targets: what people will be asked.
      how: as in `draw`.
      before: messages that are not drawn, schema `designs.MESSAGES`.
    """
    task = targets[0].task
    if how.n is not None and how.n < 1:
        raise UsageError(f"--n must be at least 1, got {how.n}")
    if how.stratify != "none" and targets[0].is_scale:
        raise UsageError(
            f"{task} is a scale, so there are no labels to stratify by; leave "
            "--stratify out"
        )
    models = models_of(connection, task)
    annotator = how.annotator
    if annotator:
        where = "has answered this task"
        annotator = annotator_meant(connection, annotator, models, where)
    make_eligible(connection, task, list(models))
    there = MESSAGES.empty_table() if before is None else before
    connection.register("drawn_before", there)
    connection.execute(_DRAWABLE)
    sizes = {size: many for size, many in connection.execute(_SIZES).fetchall()}
    found, messages = sum(sizes.values()), sum(s * many for s, many in sizes.items())
    n = _size(found, messages, how)
    given = {"seed": str(how.seed), "turns": turns_for(sizes, n)}
    connection.execute(_PUT_UP, given)
    connection.execute(_STRATA)
    by = _stratify(connection, targets, how.stratify, annotator, models)
    _allot(connection, n)
    chosen = ask(connection, _DRAW, {**given, "by_turn": not by})
    told = {
        "task": task,
        "labels": [(t.vocabulary, t.label) for t in targets],
        "n": chosen.num_rows,
        "conversations": found,
        "messages": messages,
        "seed": how.seed,
        "stratify": how.stratify,
        "annotator_id": by,
    }
    return chosen, told | ({"tops_up": how.tops_up} if how.tops_up else {})


def models_of(connection: duckdb.DuckDBPyConnection, task: str) -> dict[str, str]:
    """Returns the vocabulary of each annotator of a task, people left out."""
    rows = connection.execute(_MODELS, {"task": task}).fetchall()
    return {annotator_id: vocabulary for annotator_id, vocabulary, _ in rows}


def make_eligible(
    connection: duckdb.DuckDBPyConnection, task: str, models: list[str]
) -> None:
    """Makes the view `eligible` of the messages that can be drawn."""
    if models:  # a view takes no parameters
        listed = ", ".join(quote(model) for model in models)
        sql = _ANSWERED.format(task=quote(task), models=f"[{listed}]")
    else:
        sql = _WITH_TEXT.format(says=quote(_SAYS))
    connection.execute(sql)


def _size(found: int, messages: int, how: How) -> int:
    """Returns how many messages are drawn: unless told, at most one a conversation."""
    if not found and how.tops_up:
        raise UsageError(
            f"no new messages since sample {how.tops_up} was drawn or topped up: "
            "ingest and annotate new ones first"
        )
    if not found:
        raise UsageError(
            "nothing to label: no message by a person has both text and an "
            "annotator's answer; ingest and annotate first"
        )
    if how.n is not None:
        return min(how.n, messages)
    return min(ENOUGH_NEW if how.tops_up else ENOUGH, found)


def _stratify(
    connection: duckdb.DuckDBPyConnection,
    targets: Sequence[Target],
    stratify: str,
    annotator: str,
    models: dict[str, str],
) -> str:
    """Sets the strata of the nominated messages; returns whose scores made them."""
    if stratify == "none":
        return ""
    if stratify != "score":
        raise UsageError(f"--stratify must be none or score, got {stratify!r}")
    task = targets[0].task
    if not models:
        raise UsageError(
            f"no annotator has scores for the task {task!r} to stratify by: first run "
            "`affectflow annotate`, or give --stratify none"
        )
    by = annotator or next(iter(models))
    labels = {word for t in targets for word in spoken_by(t, models[by])}
    parameters = {"annotator": by, "task": task, "labels": sorted(labels)}
    connection.execute(_BY_SCORE, parameters)
    return by


def _allot(connection: duckdb.DuckDBPyConnection, n: int) -> None:
    sizes = connection.execute("SELECT stratum, count(*) FROM put_up GROUP BY 1")
    drawn = allot(dict(sizes.fetchall()), n)
    if 0 in drawn.values():
        raise UsageError(
            f"--n {n} is too few for {len(drawn)} strata; give --n 6 or more"
        )
    rows = [{"stratum": stratum, "drawn": count} for stratum, count in drawn.items()]
    connection.register("wanted", pa.Table.from_pylist(rows))
