"""Annotators against what people decided: the figures, and what they allow to say."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import UNKNOWN, Floats, Interval
from affectflow.gold.figures.accuracy import Flags, rate_interval
from affectflow.gold.figures.agreement import Answers, alpha_interval, conversations_of
from affectflow.gold.figures.prevalence import Prevalence, Tally, prevalence
from affectflow.gold.measures import Row, measure, replace_measures
from affectflow.gold.targets.labels import Target, parts_of, spoken_by, tasks
from affectflow.gold.targets.scales import POINTS
from affectflow.gold.truth.decisions import (
    asked_in,
    targets_in,
    ties_of,
    truth_of,
    unsampled_of,
    with_families,
)
from affectflow.gold.truth.outdated import leave_out_outdated
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.lake.views import quote
from affectflow.schemas import PEOPLE

MEASURES_NAME = "gold"
KIND = "validation"

_ASKED = f"SELECT DISTINCT task FROM annotations WHERE annotator_id IN {PEOPLE}"
_MODELS = f"""
SELECT DISTINCT annotator_id, vocabulary FROM annotations
WHERE task = $task AND vocabulary IS NOT NULL AND label IS NOT NULL
  AND annotator_id NOT IN {PEOPLE}
ORDER BY annotator_id, vocabulary"""
# Labels of ours only: they go into the query as they are.
_PREDICTED = """
CREATE OR REPLACE TEMP TABLE judged AS
SELECT a.utterance_id, {flags}
FROM annotations AS a
WHERE a.task = $task AND a.annotator_id = $annotator AND a.vocabulary = $vocabulary
  AND (a.status = 'ok' OR a.label IS NOT NULL)
GROUP BY a.utterance_id"""
_BY_CONVERSATION = """
CREATE OR REPLACE TEMP TABLE judged_conversations AS
SELECT u.conversation_id, count(*) AS messages, {sums}
FROM judged AS j JOIN placed_utterances AS u USING (utterance_id)
WHERE NOT u.by_bot AND u.text <> ''
GROUP BY u.conversation_id"""
_RATED = """
SELECT utterance_id, any_value(conversation_id) AS conversation_id,
  list({r: annotator_id, y: coalesce(point, chosen::INT)}) AS answers
FROM (
  SELECT *, round(value * $last)::INT AS point FROM gold_answers
  WHERE vocabulary = $vocabulary AND label = $label
)
GROUP BY utterance_id ORDER BY utterance_id"""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far the raters of one label agree.

    Args:
      target: the label.
      raters: how many people answered.
      n: utterances that two or more of them answered.
      conversations: that those are of.
      alpha: Krippendorff's, on a scale that of intervals; NaN with one rater, or where
        all answers are the same.
    """

    target: Target
    raters: int
    n: int
    conversations: int
    alpha: Interval


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One annotator and one label, against what people decided.

    Args:
      annotator_id: of the annotator.
      target: the label.
      n: utterances that people decided and the annotator answered.
      positives: of these, those that people say yes to.
      precision: what the annotator finds that is so, weighted.
      recall: what is so that the annotator finds, weighted.
      specificity: what is not so that it leaves alone, weighted.
      prevalence: as labelled and corrected.
      sampled: the weights are those of a random sample of this lake.
      samples: the samples that decide the label; none if people chose what to answer.
      current: the lake has hardly grown since they were drawn.
    """

    annotator_id: str
    target: Target
    n: int
    positives: int
    precision: Interval
    recall: Interval
    specificity: Interval
    prevalence: Prevalence
    sampled: bool
    samples: tuple[str, ...]
    current: bool = True

    @property
    def fitted_on(self) -> str:
        """The samples, as `measures` and people read them."""
        return " ".join(self.samples) or "no sample"

    @property
    def has_share(self) -> bool:
        """Whether the weights are those of a random sample of this lake as it is."""
        return self.sampled and self.current

    @property
    def is_validated(self) -> bool:
        """Whether shares may be given.

        On a random sample of this lake the annotator is better than chance:
        sensitivity + specificity > 1 at the lower end of its interval too.
        """
        return bool(self.has_share and self.prevalence.youden.low > 0)


@dataclass(kw_only=True)
class Judgement:
    """All that the gold of a lake says.

    Args:
      agreements: of the raters, label by label.
      findings: on the annotators.
      ties: by label.
      changed: messages whose answers are left out: they say something else now.
      grown: samples that the lake outgrew, and the part of its messages, 0..1, that is
        new to them.
    """

    agreements: list[Agreement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ties: dict[Target, int] = field(default_factory=dict)
    unsampled: dict[Target, int] = field(default_factory=dict)
    changed: int = 0
    grown: dict[str, float] = field(default_factory=dict)


def judge(lake: Lake) -> Judgement:
    """Compares all annotators of a lake with people, and writes it to `measures`.

    What an earlier gold said is replaced; the same gold and labels change nothing.
    """
    found = Judgement()
    with open_lake(lake.uri) as connection:
        asked = {task for (task,) in connection.execute(_ASKED).fetchall()}
        found.changed, found.grown = leave_out_outdated(lake, connection, asked)
        for task in (task for task in tasks() if task in asked):
            _judge_task(connection, task, found)
    replace_measures(lake, MEASURES_NAME, list(_rows(found)))
    return found


def _judge_task(
    connection: duckdb.DuckDBPyConnection, task: str, found: Judgement
) -> None:
    found.ties |= ties_of(connection, task)
    found.unsampled |= unsampled_of(connection, task)
    decided = truth_of(connection, task)
    asked = asked_in(connection, task)
    found.agreements += [_agreement(connection, target) for target in asked]
    decided = with_families(connection, decided, asked)
    targets = targets_in(decided, task)
    models = connection.execute(_MODELS, {"task": task}).fetchall()
    samples = {target: _samples(connection, target, asked) for target in targets}
    for annotator_id, vocabulary in models if targets else ():
        made = _findings(connection, decided, annotator_id, vocabulary, samples)
        found.findings += [_dated(each, found.grown.keys()) for each in made]


def _dated(finding: Finding, grown: Set[str]) -> Finding:
    return replace(finding, current=grown.isdisjoint(finding.samples))


def _samples(
    connection: duckdb.DuckDBPyConnection, target: Target, asked: list[Target]
) -> tuple[str, ...]:
    """Returns the samples that decide a label, or the finer ones that make it up."""
    of = [target] if target in asked else parts_of(target, asked)
    rows = connection.execute(
        "SELECT DISTINCT sample_id FROM gold_answers WHERE sample_id IS NOT NULL "
        "AND vocabulary = $vocabulary AND list_contains($labels, label) ORDER BY 1",
        {"vocabulary": of[0].vocabulary, "labels": [each.label for each in of]},
    ).fetchall()
    return tuple(row[0] for row in rows)


# -- agreement -----------------------------------------------------------------------


def _agreement(connection: duckdb.DuckDBPyConnection, target: Target) -> Agreement:
    parameters = {
        "vocabulary": target.vocabulary,
        "label": target.label,
        "last": POINTS - 1,
    }
    rows = connection.execute(_RATED, parameters).fetchall()
    raters = sorted({each["r"] for _, _, answers in rows for each in answers})
    matrix = _matrix([answers for _, _, answers in rows], raters)
    paired = int(((matrix >= 0).sum(axis=1) >= 2).sum())
    conversations = [conversation_id for _, conversation_id, _ in rows]
    alpha = UNKNOWN
    if paired:
        alpha = alpha_interval(matrix, conversations, scale=target.is_scale)
    return Agreement(
        target=target,
        raters=len(raters),
        n=paired,
        conversations=conversations_of(matrix, conversations) if paired else 0,
        alpha=alpha,
    )


def _matrix(rows: Sequence[list[dict[str, object]]], raters: list[str]) -> Answers:
    place = {rater: number for number, rater in enumerate(raters)}
    matrix = np.full((len(rows), len(raters)), -1)
    for number, answers in enumerate(rows):
        for each in answers:
            matrix[number, place[str(each["r"])]] = each["y"]
    return matrix


# -- annotators ----------------------------------------------------------------------


def _findings(
    connection: duckdb.DuckDBPyConnection,
    decided: pa.Table,
    annotator_id: str,
    vocabulary: str,
    samples: dict[Target, tuple[str, ...]],
) -> Iterator[Finding]:
    spoken = [target for target in samples if spoken_by(target, vocabulary)]
    if not spoken:
        return
    _predict(connection, annotator_id, vocabulary, spoken)
    for number, target in enumerate(spoken):
        rows = _joined(connection, decided, target, number)
        if rows.num_rows:
            tally = _tally(connection, number)
            yield _finding(rows, tally, annotator_id, target, samples[target])


def _predict(
    connection: duckdb.DuckDBPyConnection,
    annotator_id: str,
    vocabulary: str,
    targets: Sequence[Target],
) -> None:
    """Makes the tables of what an annotator says of each target, all in one pass."""
    said = [", ".join(map(quote, spoken_by(t, vocabulary))) for t in targets]
    flags = ", ".join(
        f"coalesce(bool_or(a.chosen AND a.label IN ({words})), false) AS t{number}"
        for number, words in enumerate(said)
    )
    parameters = {
        "task": targets[0].task,
        "annotator": annotator_id,
        "vocabulary": vocabulary,
    }
    connection.execute(_PREDICTED.format(flags=flags), parameters)
    sums = ", ".join(f"count(*) FILTER (t{i}) AS t{i}" for i in range(len(targets)))
    connection.execute(_BY_CONVERSATION.format(sums=sums))


def _joined(
    connection: duckdb.DuckDBPyConnection,
    decided: pa.Table,
    target: Target,
    number: int,
) -> pa.Table:
    of_target = pc.and_(
        pc.equal(decided["vocabulary"], target.vocabulary),
        pc.equal(decided["label"], target.label),
    )
    connection.register("decided_here", decided.filter(of_target))
    rows = ask(
        connection,
        f"SELECT d.*, j.t{number} AS predicted FROM decided_here AS d "
        "JOIN judged AS j USING (utterance_id) ORDER BY utterance_id",
    )
    connection.unregister("decided_here")
    return rows


def _tally(connection: duckdb.DuckDBPyConnection, number: int) -> Tally:
    rows = ask(
        connection,
        f"SELECT messages, t{number} AS chosen, count(*) AS conversations "
        "FROM judged_conversations GROUP BY ALL ORDER BY ALL",
    )
    messages, chosen, conversations = (_floats(c) for c in rows.columns)
    return Tally(messages, chosen, conversations)


def _finding(
    rows: pa.Table,
    tally: Tally,
    annotator_id: str,
    target: Target,
    samples: tuple[str, ...],
) -> Finding:
    threads = rows["conversation_id"].to_numpy()
    predicted, actual = _flags(rows["predicted"]), _flags(rows["truth"])
    weights = _floats(rows["weight"])
    rated = partial(rate_interval, threads, weights=weights)
    return Finding(
        annotator_id=annotator_id,
        target=target,
        n=rows.num_rows,
        positives=int(actual.sum()),
        precision=rated(actual, predicted),
        recall=rated(predicted, actual),
        specificity=rated(~predicted, ~actual),
        prevalence=prevalence(threads, predicted, actual, weights=weights, tally=tally),
        sampled=bool(pc.all(rows["sampled"]).as_py()),
        samples=samples,
    )


def _flags(column: pa.ChunkedArray) -> Flags:
    return np.asarray(column.to_numpy(), dtype=bool)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)


# -- measures ------------------------------------------------------------------------


def _rows(found: Judgement) -> Iterator[Row]:
    on = {f.target: f.fitted_on for f in found.findings}
    for each in found.agreements:
        task, name = each.target.task, each.target.name
        said = on.get(each.target, "people's answers")
        yield measure("agreement", "task", task, name, each.alpha, each.n, said)
        yield measure("raters", "task", task, name, each.raters, each.n, said)
    for finding in found.findings:
        yield from _finding_rows(finding)


def _finding_rows(finding: Finding) -> Iterator[Row]:
    name = finding.target.name
    shares = finding.prevalence
    values = {
        "precision": finding.precision,
        "recall": finding.recall,
        "specificity": finding.specificity,
        "apparent_prevalence": shares.apparent,
    }
    if finding.has_share:
        values["prevalence"] = shares.corrected
    if finding.is_validated and finding.target.is_family:
        # What a theme of causes rests on is what the annotator finds.
        values[KIND] = finding.precision
    for kind, value in values.items():
        yield measure(
            kind,
            "annotator",
            finding.annotator_id,
            name,
            value,
            finding.n,
            finding.fitted_on,
        )
