"""From a lake to a calibration: scores and people's answers, label by label."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from affectflow.gold.calibration.fitting import Answers
from affectflow.gold.calibration.kept import Calibration, LabelCalibration
from affectflow.gold.targets.labels import Target, spoken_by
from affectflow.gold.truth.decisions import targets_in, truth
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask

NOT_ABOVE = "its scores say no more than the base rate, which it gets"

# An utterance that the annotator could not answer has no score to calibrate: silence is
# never a low one. A family has the score of at least one of its labels, as if they came
# about independently.
_SCORED = """
WITH answered AS (
  SELECT DISTINCT utterance_id FROM annotations
  WHERE annotator_id = $annotator AND task = $task AND label IS NOT NULL
    AND status IN ('ok', 'truncated') AND score IS NOT NULL
), scores AS (
  SELECT utterance_id, vocabulary, label, max(score)::DOUBLE AS score FROM annotations
  WHERE annotator_id = $annotator AND task = $task
    AND status IN ('ok', 'truncated') AND score IS NOT NULL
  GROUP BY ALL
)
SELECT t.vocabulary, t.label, t.utterance_id, any_value(t.conversation_id)
  AS conversation_id, any_value(t.truth) AS truth, any_value(t.weight) AS weight,
  CASE WHEN count(s.score) = 1 THEN max(s.score) ELSE 1 - product(1 - s.score) END
  AS score,
  list(DISTINCT p.of_label) FILTER (p.of_vocabulary <> t.vocabulary) AS parts
FROM truth t
JOIN answered USING (utterance_id)
JOIN spoken p USING (vocabulary, label)
LEFT JOIN scores s ON s.utterance_id = t.utterance_id
  AND s.vocabulary = p.of_vocabulary AND s.label = p.of_label
GROUP BY t.vocabulary, t.label, t.utterance_id
ORDER BY t.vocabulary, t.label, t.utterance_id
"""
_VOCABULARIES = """
SELECT DISTINCT vocabulary FROM annotations WHERE annotator_id = $annotator
  AND task = $task AND vocabulary IS NOT NULL ORDER BY 1
"""
_SPOKEN = pa.schema(
    [
        (name, pa.string())
        for name in ("vocabulary", "label", "of_vocabulary", "of_label")
    ]
)


def calibration_of(lake: Lake, annotator_id: str) -> Calibration | None:
    """Returns the calibration of an annotator by all answers of people in a lake.

    None where people answered nothing that this annotator scored.
    """
    scored = {
        task: _scored(lake, annotator_id, task) for task in _tasks(lake, annotator_id)
    }
    scored = {task: rows for task, rows in scored.items() if rows.num_rows}
    if not scored:
        return None
    labels = [each for task, rows in scored.items() for each in _labels(task, rows)]
    return Calibration(
        annotator_id=annotator_id, fitted_on=_digest(scored), labels=tuple(labels)
    )


def _tasks(lake: Lake, annotator_id: str) -> list[str]:
    with open_lake(lake.uri) as connection:
        found = connection.execute(
            "SELECT DISTINCT task FROM annotations WHERE annotator_id = ? "
            "AND task IS NOT NULL ORDER BY 1",
            [annotator_id],
        ).fetchall()
    return [task for (task,) in found]


def _scored(lake: Lake, annotator_id: str, task: str) -> pa.Table:
    """Returns people's answers with the annotator's scores; null where not stored."""
    answered = truth(lake, task)
    said = {"annotator": annotator_id, "task": task}
    with open_lake(lake.uri) as connection:
        found = connection.execute(_VOCABULARIES, said).fetchall()
        spoken = _spoken(targets_in(answered, task), [name for (name,) in found])
        connection.register("truth", answered)
        connection.register("spoken", spoken)
        return ask(connection, _SCORED, said)


def _spoken(asked: Sequence[Target], vocabularies: Sequence[str]) -> pa.Table:
    """Returns which labels of the annotator say each label that was asked for."""
    rows = []
    for target in asked:
        own = target.vocabulary in vocabularies
        for vocabulary in [target.vocabulary] if own else vocabularies:
            if said := spoken_by(target, vocabulary):
                place = (target.vocabulary, target.label, vocabulary)
                rows += [
                    dict(zip(_SPOKEN.names, (*place, each), strict=True))
                    for each in said
                ]
                break
    return pa.Table.from_pylist(rows, schema=_SPOKEN)


def _labels(task: str, rows: pa.Table) -> Iterator[LabelCalibration]:
    for target in targets_in(rows, task):
        mine = pc.and_(
            pc.equal(rows["vocabulary"], target.vocabulary),
            pc.equal(rows["label"], target.label),
        )
        own = rows.filter(mine)
        parts = sorted(own["parts"][0].as_py() or ())
        yield fit_label(target, _answers(own), tuple(parts))


def _answers(rows: pa.Table) -> Answers:
    weights = rows["weight"].to_numpy()
    encoded = rows["conversation_id"].combine_chunks().dictionary_encode()
    return Answers(
        scores=pc.fill_null(rows["score"], np.nan).to_numpy(),
        truth=rows["truth"].to_numpy(),
        weights=weights / weights.mean(),
        conversations=encoded.indices.to_numpy().astype(np.int64),
    )


def fit_label(
    target: Target, answers: Answers, parts: tuple[str, ...] = ()
) -> LabelCalibration:
    """Returns the calibration of one label.

    Without enough answers it has no curve; where scores do not help, the base rate.

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


def _digest(scored: dict[str, pa.Table]) -> str:
    """Returns a digest of what people answered; the annotator's scores are left out."""
    digest = hashlib.blake2b(digest_size=8)
    for task, rows in sorted(scored.items()):
        columns = rows.select(
            ["vocabulary", "label", "utterance_id", "truth", "weight"]
        )
        for row in zip(*(column.to_pylist() for column in columns), strict=True):
            digest.update(f"{task}\0{row!r}\n".encode())
    return f"gold-{digest.hexdigest()}"
