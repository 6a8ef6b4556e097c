"""Compares annotators with what people decided: figures, and what may be claimed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.batches.bootstrap import Floats, Interval
from affectflow.gold.figures.accuracy import Flags
from affectflow.gold.figures.labels import LabelMetrics
from affectflow.gold.figures.prevalence import Prevalence, Tally, prevalence
from affectflow.gold.figures.rows import label_rows
from affectflow.gold.judging.agreement import Agreement, agreement_on
from affectflow.gold.judging.wanted import labels_wanted
from affectflow.gold.measures import Row, measure, replace_measures
from affectflow.gold.targets.labels import Target, parts_of, spoken_by, tasks
from affectflow.gold.truth.answers import answers, by_annotator, decide, tell
from affectflow.gold.truth.decisions import (
    asked_in,
    decided_in,
    ties_of,
    truth_of,
    unsampled_of,
)
from affectflow.gold.truth.outdated import (
    Coverage,
    asked_tasks,
    leave_out_outdated,
    outgrown,
)
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.lake.views import quote
from affectflow.schemas import PEOPLE

MEASURES_NAME = "gold"
KIND = "validation"

_MODELS = f"""
SELECT DISTINCT annotator_id, vocabulary FROM annotations
WHERE task = $task AND vocabulary IS NOT NULL AND label IS NOT NULL
  AND annotator_id NOT IN {PEOPLE}
ORDER BY annotator_id, vocabulary"""
# Only our own labels: they go into the query as they are.
_BY_CONVERSATION = """
CREATE OR REPLACE TEMP TABLE judged_conversations AS
SELECT u.conversation_id, count(*) AS messages, {sums}
FROM (
  SELECT a.utterance_id, {flags} FROM annotations AS a
  WHERE a.task = $task AND a.annotator_id = $annotator AND a.vocabulary = $vocabulary
    AND (a.status = 'ok' OR a.label IS NOT NULL)
  GROUP BY a.utterance_id
) AS j JOIN placed_utterances AS u USING (utterance_id)
WHERE NOT u.by_bot AND u.text <> ''
GROUP BY u.conversation_id"""

Model = tuple[str, str]
"""An annotator and its vocabulary."""
Judged = dict[Target, tuple[pa.Table, dict[str, Any]]]
"""Of each label, rows of the table of answers and their figures."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One annotator and one label, against what people decided.

    Args:
      annotator_id: of the annotator.
      target: the label.
      n: utterances that people decided and the annotator answered.
      positives: of these, those that people say yes to.
      precision: share of what the annotator finds that is true, weighted.
      recall: share of true cases that the annotator finds, weighted.
      specificity: share of false cases that it does not find, weighted.
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

    @property
    def why_no_share(self) -> str:
        """Why shares may not be given, in a word or two; empty if they may."""
        if not self.sampled:
            return "no random sample"
        if not self.current:
            return "the lake has grown"
        return "" if self.is_validated else "not validated"

    @property
    def labels_wanted(self) -> int | None:
        """About how many labels might validate it; None if more hardly would."""
        if not self.has_share or self.is_validated:
            return None
        return labels_wanted(self.prevalence.youden, self.n)


@dataclass(kw_only=True)
class Judgement:
    """Everything that the gold of a lake says.

    Args:
      agreements: of the raters, label by label.
      findings: on the annotators.
      ties: by label.
      changed: messages whose answers are left out because their text has changed.
      grown: samples that the lake outgrew, and the share of its messages, 0..1, that is
        new since.
    """

    agreements: list[Agreement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ties: dict[Target, int] = field(default_factory=dict)
    unsampled: dict[Target, int] = field(default_factory=dict)
    changed: int = 0
    grown: dict[str, float] = field(default_factory=dict)


def judge(lake: Lake) -> Judgement:
    """Compares all annotators of a lake with people, and writes it to `measures`.

    Earlier results are replaced; the same gold and labels change nothing.
    """
    found = Judgement()
    with open_lake(lake.uri) as connection:
        found.changed, covered = leave_out_outdated(lake, connection)
        found.grown = outgrown(covered)
        asked = asked_tasks(connection)
        for task in (task for task in tasks() if task in asked):
            _judge_task(connection, task, found, covered)
    replace_measures(lake, MEASURES_NAME, list(_rows(found)))
    return found


def _judge_task(
    connection: duckdb.DuckDBPyConnection,
    task: str,
    found: Judgement,
    covered: Coverage,
) -> None:
    decided = truth_of(connection, task)
    asked = asked_in(connection, task)
    found.ties |= ties_of(connection, task)
    found.unsampled |= unsampled_of(connection, task)
    found.agreements += [agreement_on(connection, target) for target in asked]
    models = connection.execute(_MODELS, {"task": task}).fetchall()
    targets = decided_in(decided, asked, task)
    rows = _answers(connection, decided, targets, asked, models)
    for model in models:
        made = _findings(connection, model, rows.get(model, {}), asked)
        found.findings += [_dated(each, covered) for each in made]


def _dated(finding: Finding, covered: Coverage) -> Finding:
    """Returns a finding with the information whether its samples cover the lake."""
    return replace(finding, current=not outgrown(covered, finding.samples))


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


# -- annotators ----------------------------------------------------------------------


def _answers(
    connection: duckdb.DuckDBPyConnection,
    decided: pa.Table,
    targets: Sequence[Target],
    asked: Sequence[Target],
    models: Sequence[Model],
) -> dict[Model, Judged]:
    """Returns answers to each target with their figures, those of a vocabulary at once.

    As `eval` counts them: the draws of an interval are of all labels together.
    """
    found: dict[Model, Judged] = {}
    for (true, of), group in _by_vocabulary(targets, asked).items():
        decide(connection, decided.filter(pc.equal(decided["vocabulary"], true)))
        names = {target.label: target for target in group}
        for told in sorted({vocabulary for _, vocabulary in models}):
            tell(connection, told)
            rows = answers(connection, true=true, told=told, target=of, labels=names)
            for annotator_id, own in by_annotator(rows):
                judged = found.setdefault((annotator_id, told), {})
                for figures in _figures(own):
                    of_label = pc.equal(own["label"], figures["label"])
                    judged[names[figures["label"]]] = own.filter(of_label), figures
    return found


def _by_vocabulary(
    targets: Sequence[Target], asked: Sequence[Target]
) -> dict[tuple[str, str], list[Target]]:
    """Returns targets by the vocabulary that people were asked in, and their own."""
    found: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        true = target if target in asked else parts_of(target, asked)[0]
        found.setdefault((true.vocabulary, target.vocabulary), []).append(target)
    return found


def _figures(rows: pa.Table) -> list[dict[str, Any]]:
    metrics = LabelMetrics(units=True)
    state = metrics.add(metrics.create(), one_batch(rows))
    labels = pc.unique(rows["label"]).to_pylist()
    return [row for row in label_rows(state) if row["label"] in labels]


def _findings(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    rows: Judged,
    asked: list[Target],
) -> Iterator[Finding]:
    targets = sorted(rows)
    tallies = _tallies(connection, model, targets)
    for target in targets:
        own, figures = rows[target]
        yield Finding(
            annotator_id=model[0],
            target=target,
            n=figures["n"],
            positives=figures["positives"],
            precision=_interval(figures, "precision"),
            recall=_interval(figures, "recall"),
            specificity=_interval(figures, "specificity"),
            prevalence=prevalence(
                own["unit"].to_numpy(),
                _flags(own["chosen"]),
                _flags(own["truth"]),
                weights=_floats(own["weight"]),
                tally=tallies[target],
            ),
            sampled=bool(pc.all(own["sampled"]).as_py()),
            samples=_samples(connection, target, asked),
        )


def _interval(figures: dict[str, Any], name: str) -> Interval:
    ends = (figures.get(each) for each in (name, f"{name}_low", f"{name}_high"))
    return Interval(*(math.nan if each is None else each for each in ends))


def _tallies(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    targets: Sequence[Target],
) -> dict[Target, Tally]:
    """Returns how often an annotator says each target in the lake, all in one pass."""
    if not targets:
        return {}
    annotator_id, vocabulary = model
    said = [", ".join(map(quote, spoken_by(t, vocabulary))) for t in targets]
    flags = ", ".join(
        f"coalesce(bool_or(a.chosen AND a.label IN ({words})), false) AS t{number}"
        for number, words in enumerate(said)
    )
    sums = ", ".join(f"count(*) FILTER (t{i}) AS t{i}" for i in range(len(targets)))
    parameters = {
        "task": targets[0].task,
        "annotator": annotator_id,
        "vocabulary": vocabulary,
    }
    connection.execute(_BY_CONVERSATION.format(flags=flags, sums=sums), parameters)
    return {target: _tally(connection, i) for i, target in enumerate(targets)}


def _tally(connection: duckdb.DuckDBPyConnection, number: int) -> Tally:
    rows = ask(
        connection,
        f"SELECT messages, t{number} AS chosen, count(*) AS conversations "
        "FROM judged_conversations GROUP BY ALL ORDER BY ALL",
    )
    messages, chosen, conversations = (_floats(c) for c in rows.columns)
    return Tally(messages, chosen, conversations)


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
        values |= {"prevalence": shares.corrected, "youden": shares.youden}
    if finding.is_validated and finding.target.is_family:
        # Themes of causes rest on what the annotator finds.
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
