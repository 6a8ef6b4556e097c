"""From a lake to a calibration: scores and people's answers, label by label."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.gold.calibration.choosing import (
    base_rate,
    choose,
    cross_validated,
    figures,
    shortage,
)
from affectflow.gold.calibration.curves import Floats
from affectflow.gold.calibration.fitting import Answers
from affectflow.gold.calibration.kept import Calibration, LabelCalibration
from affectflow.gold.targets.labels import Target, spoken_by
from affectflow.gold.truth.answers import answers, decide, tell
from affectflow.gold.truth.decisions import targets_in, truth_of
from affectflow.gold.truth.outdated import asked_tasks, leave_out_outdated
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask

NOT_ABOVE = "its scores say no more than the base rate, so it gets the base rate"

_VOCABULARIES = """
SELECT DISTINCT vocabulary FROM annotations WHERE annotator_id = $annotator
  AND task = $task AND vocabulary IS NOT NULL ORDER BY 1"""
_SCORED = """
SELECT DISTINCT utterance_id FROM told WHERE score IS NOT NULL"""

Scored = tuple[Target, pa.Table, tuple[str, ...]]
"""A label, its rows of the table of answers, and, for a family, what folds to it."""


def calibration_of(lake: Lake, annotator_id: str) -> Calibration | None:
    """Returns the calibration of an annotator from all answers of people in a lake.

    None if people answered nothing that this annotator scored.
    """
    with open_lake(lake.uri) as connection:
        leave_out_outdated(lake, connection)
        scored = [
            each
            for task in asked_tasks(connection)
            for each in _scored(connection, annotator_id, task)
        ]
    if not scored:
        return None
    scored.sort(key=lambda each: each[0])
    labels = [fit_label(target, _answers(own), parts) for target, own, parts in scored]
    return Calibration(
        annotator_id=annotator_id, fitted_on=_digest(scored), labels=tuple(labels)
    )


def _scored(
    connection: duckdb.DuckDBPyConnection, annotator_id: str, task: str
) -> Iterator[Scored]:
    """Yields people's answers with the annotator's scores, label by label."""
    said = {"annotator": annotator_id, "task": task}
    found = connection.execute(_VOCABULARIES, said).fetchall()
    decided = truth_of(connection, task)
    for true, told, labels in _folds(targets_in(decided, task), [v for (v,) in found]):
        decide(connection, decided.filter(pc.equal(decided["vocabulary"], true)))
        tell(connection, told, annotator_id)
        rows = answers(connection, true=true, told=told, target=true, labels=labels)
        # Where the annotator could not answer there is no score to calibrate: silence
        # is never a low one.
        scored = pc.is_in(
            rows["utterance_id"], ask(connection, _SCORED)["utterance_id"]
        )
        rows = rows.filter(scored)
        for label in sorted(pc.unique(rows["label"]).to_pylist()):
            target = Target(task, true, label)
            parts = spoken_by(target, told) if told != true else ()
            own = rows.filter(pc.equal(rows["label"], label))
            yield target, own, tuple(sorted(parts))


def _folds(
    asked: Sequence[Target], vocabularies: Sequence[str]
) -> list[tuple[str, str, list[str]]]:
    """Returns people's vocabularies, the annotator's matching ones, and the labels.

    The annotator's own label takes precedence over labels that fold to it.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for target in asked:
        own = target.vocabulary in vocabularies
        for told in [target.vocabulary] if own else vocabularies:
            if spoken_by(target, told):
                found.setdefault((target.vocabulary, told), []).append(target.label)
                break
    return [(*both, labels) for both, labels in sorted(found.items())]


def _answers(rows: pa.Table) -> Answers:
    encoded = rows["unit"].combine_chunks().dictionary_encode()
    return Answers(
        scores=pc.fill_null(rows["joint"], np.nan).to_numpy(),
        truth=rows["truth"].to_numpy(),
        weights=_weights(rows),
        conversations=encoded.indices.to_numpy().astype(np.int64),
    )


def _weights(rows: pa.Table) -> Floats:
    # The last digits of a sum depend on its order, and an id should not.
    weights = rows["weight"].to_numpy()
    rounded: Floats = np.round(weights / weights.mean(), 9)
    return rounded


def fit_label(
    target: Target, answers: Answers, parts: tuple[str, ...] = ()
) -> LabelCalibration:
    """Returns the calibration of one label.

    Without enough answers it has no curve; if scores do not help, it has the base rate.

    Args:
      target: the label.
      answers: of people, with scores.
      parts: for a family, the annotator's labels in it.
    """
    known = LabelCalibration(
        **target._asdict(),
        parts=parts,
        n=len(answers),
        positives=int(answers.truth.sum()),
        conversations=len(np.unique(answers.conversations)),
        note=shortage(answers),
    )
    if known.note:
        return known
    found = figures(cross_validated(answers), answers)
    helps = found.skill.value > 0
    return replace(
        known,
        curve=choose(answers) if helps else base_rate(answers),
        figures=found,
        note="" if helps else NOT_ABOVE,
    )


def _digest(scored: Sequence[Scored]) -> str:
    """Returns a digest of what people answered; the annotator's scores are left out."""
    digest = hashlib.blake2b(digest_size=8)
    for (task, *target), rows, _ in scored:
        columns = [rows[name].to_pylist() for name in ("utterance_id", "truth")]
        for row in zip(*columns, _weights(rows).tolist(), strict=True):
            digest.update(f"{task}\0{(*target, *row)!r}\n".encode())
    return f"gold-{digest.hexdigest()}"
