"""What is labelled in a lake, as a model reads it and as a trainer wants it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.lake import Lake, naming, open_lake
from affectflow.lake.ask import ask
from affectflow.lake.layout import is_lake
from affectflow.schemas import PEOPLE, Status

if TYPE_CHECKING:
    import duckdb

    from affectflow.kinds.asker import Asker

__all__ = [
    "ANSWERS",
    "GOLD",
    "answers_of",
    "batches_for",
    "decided_in",
    "is_lake",
    "pairs_of",
]

GOLD = "gold"
"""Stands for what most people say."""
ANSWERS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("utterance_id", "task")),
        *(pa.field(name, pa.string()) for name in ("vocabulary", "label")),
        pa.field("score", pa.float64()),
        pa.field("value", pa.float64()),
        pa.field("chosen", pa.bool_()),
        *(pa.field(name, pa.string()) for name in ("perspective", "text", "status")),
    ]
)
"""One row is a label, chosen or not, a number or a text; `abstained` for no label."""
_ANSWERED = ", ".join(f"'{each.word}'" for each in Status if each.is_answer)
# A span is an answer about a part of the text, which no model that learns gives.
_BY = f"""
SELECT utterance_id, task, vocabulary, label, score::DOUBLE AS score,
  value::DOUBLE AS value, coalesce(chosen, false) AS chosen, perspective, raw AS text,
  coalesce(status, 'ok') AS status
FROM annotations
WHERE annotator_id = $who AND utterance_id IN (SELECT utterance_id FROM utterances)
  AND coalesce(status, 'ok') IN ('abstained', {_ANSWERED}) AND start IS NULL
ORDER BY utterance_id, task, vocabulary, rank, label"""
_THERE = f"""
SELECT DISTINCT annotator_id FROM annotations
WHERE annotator_id NOT IN {PEOPLE} ORDER BY 1"""
_TASKS = f"""
SELECT DISTINCT task FROM annotations
WHERE annotator_id IN {PEOPLE} AND task IS NOT NULL ORDER BY 1"""


def batches_for(path: str, asker: "Asker[Any]") -> Iterator[pa.RecordBatch]:
    """Yields the utterances of a lake as `annotate` gives them to a model.

    All in one batch, by conversation and time, where the model reads conversations.

    Raises:
      UsageError: the model reads what may not be read for what was said.
    """
    from affectflow.batches.batch import concat_unlike
    from affectflow.batches.grouping import in_time_order
    from affectflow.stages import preview
    from affectflow.stages.over import check_handler
    from affectflow.stages.runs.answers import check_cues

    lake = Lake.open(path)
    check_handler(lake, type(asker).__name__, asker)
    if asker.cues_read == "all":
        check_cues(lake)
    batches = preview.batches_for(lake, asker)
    if asker.unit == "utterance":
        yield from batches
    elif there := list(batches):
        yield in_time_order(concat_unlike(there))


def answers_of(path: str, annotator: str = GOLD) -> tuple[pa.Table, str]:
    """Returns what an annotator says in a lake, `ANSWERS`, and the licence of that.

    Args:
      path: of the lake.
      annotator: its id, or a beginning that no other has; `gold` for the majority of
        people's answers, and on a scale their mean.

    Raises:
      LakeError: there is no lake.
      UsageError: no such annotator answered here, or its answers may not be read for
        what was said.
    """
    with open_lake(path) as connection:
        if annotator == GOLD:
            return _gold(connection, path), ""
        there = [row[0] for row in connection.sql(_THERE).fetchall()]
        who = naming.annotator_meant(connection, annotator, there)
        _check_use(path, who)
        rows = ask(connection, _BY, {"who": who})
        licence = "SELECT any_value(licence) FROM annotators WHERE annotator_id = $who"
        found = connection.execute(licence, {"who": who}).fetchall()
        return rows.select(ANSWERS.names).cast(ANSWERS), found[0][0] or ""


def decided_in(answers: pa.Table) -> pa.Table:
    """Returns of `ANSWERS` what was answered: not the labels that were not chosen."""
    abstained = pc.equal(answers["status"], Status.ABSTAINED.word)
    return answers.filter(pc.or_(answers["chosen"], abstained))


def _check_use(path: str, annotator_id: str) -> None:
    from affectflow.stages.runs.answers import check_use

    check_use(Lake.open(path), annotator_id)


def _gold(connection: "duckdb.DuckDBPyConnection", path: str) -> pa.Table:
    from affectflow.gold.truth.decisions import truth_of, values_of
    from affectflow.gold.truth.outdated import leave_out_outdated

    leave_out_outdated(Lake.open(path), connection)
    tasks = [task for (task,) in connection.sql(_TASKS).fetchall()]
    if not tasks:
        raise UsageError(
            f"nobody has labelled in {path!r}: `affectflow sample {path} --out s.csv` "
            "draws a sheet; or learn from a model with --set annotator=NAME"
        )
    found = []
    for task in tasks:
        found.append(_labels(task, truth_of(connection, task)))
        found.append(_values(task, values_of(connection, task)))
    return pa.concat_tables(found)


def _labels(task: str, truth: pa.Table) -> pa.Table:
    """Returns what most people say of each label; `abstained` where they chose none."""
    keys = ["utterance_id", "vocabulary"]
    chosen = truth.group_by(keys).aggregate([("truth", "any")])
    none = chosen.filter(pc.invert(chosen["truth_any"]))
    return pa.concat_tables(
        [
            _answers(
                task, truth, label=truth["label"], chosen=truth["truth"], status="ok"
            ),
            _answers(task, none, chosen=none["truth_any"], status="abstained"),
        ]
    )


def _values(task: str, values: pa.Table) -> pa.Table:
    return _answers(
        task,
        values,
        label=values["label"],
        value=values["truth"],
        chosen=pa.repeat(pa.scalar(True), values.num_rows),
        status="ok",
    )


def _answers(task: str, rows: pa.Table, *, status: str, **given: Any) -> pa.Table:
    """Returns rows of `ANSWERS`; what is not given is null."""
    n = rows.num_rows
    columns: dict[str, Any] = {
        "utterance_id": rows["utterance_id"],
        "vocabulary": rows["vocabulary"],
        "task": pa.repeat(pa.scalar(task), n),
        "perspective": pa.repeat(pa.scalar("reader"), n),
        "status": pa.repeat(pa.scalar(status), n),
        **given,
    }
    return pa.table(
        {f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in ANSWERS}
    ).cast(ANSWERS)


PAIRS = ("conversation_id", "prompt_id", "chosen", "rejected")


def pairs_of(path: str, annotator: str = "") -> pa.Table:
    """Returns the view `preference_pairs` of a lake: `PAIRS`.

    Args:
      path: of the lake.
      annotator: whose preferences: its id or a beginning; empty if there is only one.

    Raises:
      UsageError: nothing was rated, or by several annotators and none is named.
    """
    with open_lake(path) as connection:
        named = "SELECT DISTINCT annotator_id FROM preference_pairs ORDER BY 1"
        there: Sequence[str] = [row[0] for row in connection.sql(named).fetchall()]
        if not there:
            raise UsageError(
                f"no replies are rated in {path!r}: `affectflow annotate {path} "
                "--model FOLDER --set handler=FollowUpReward` rates them"
            )
        who = naming.annotator_meant(connection, annotator or _only(there), there)
        _check_use(path, who)
        query = (
            f"SELECT {', '.join(PAIRS)} FROM preference_pairs WHERE annotator_id = $who"
            " ORDER BY conversation_id, prompt_id"
        )
        return ask(connection, query, {"who": who})


def _only(there: Sequence[str]) -> str:
    if len(there) > 1:
        raise UsageError(
            f"replies are rated by {', '.join(there)}: name one with --set annotator=ID"
        )
    return there[0]
