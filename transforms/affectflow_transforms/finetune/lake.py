"""Labels of a lake as rows to learn: of people, an annotator, and a teacher."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from affectflow import open_lake, vocabularies
from affectflow.errors import UsageError
from affectflow.opened import labelled
from affectflow_transforms.distil.answers import Answers, answers_of
from affectflow_transforms.distil.rows import Taught, taught_by
from affectflow_transforms.distil.teachers import (
    Teacher,
    teacher_of,
    touched_by_cues,
)
from affectflow_transforms.finetune.inputs import TEXT
from affectflow_transforms.finetune.soft import COLUMN
from affectflow_transforms.finetune.splits import Source
from affectflow_transforms.finetune.wanted import Wanted
from affectflow_transforms.models.pretrained.passed_on import PassedOn

HEADS = ("one", "several", "ordinal", "value")
"""What labels of a lake can train."""


@dataclass(frozen=True, kw_only=True)
class OfLake:
    """Rows of a lake, and what binds whoever learns from them.

    Args:
      source: the rows; a file of them is the lake.
      wanted: what is learned of them.
      licences: by whom labels are.
      bound: what else passes on.
    """

    source: Source
    wanted: Wanted
    licences: dict[str, str]
    bound: PassedOn


def of_lake(
    data: Path, wanted: Wanted, annotator: str, teacher: str, modality: str
) -> OfLake:
    """Returns the labelled utterances of a lake, as `read` gives those of files.

    What was deleted at its source and what is private is left out.

    Args:
      data: the lake.
      wanted: what is learned.
      annotator: whose labels; `gold` for what most people say.
      teacher: an annotator whose scores are learned beside; empty for none.
      modality: what the base reads.

    Raises:
      UsageError: nothing there can be learned, or not for what was said.
    """
    if wanted.head not in HEADS or modality != TEXT:
        raise UsageError(
            f"labels of a lake train head={', '.join(HEADS)} of texts, got "
            f"head={wanted.head} of `{modality}`: give files"
        )
    with open_lake(str(data)) as lake:
        models = [
            teacher_of(lake, name)
            for name in (annotator if annotator != labelled.GOLD else "", teacher)
            if name
        ]
        who = annotator if annotator == labelled.GOLD else models[0].annotator_id
        said, _ = labelled.answers_of(str(data), who)
        answers = answers_of(said, who, wanted.task, wanted.vocabulary)
        taught = taught_by(lake, answers, private=False, all_cues=bool(wanted.cues))
        touches = touched_by_cues(lake) if wanted.cues else ()
        rows = _rows(taught, wanted)
        if teacher:
            soft, _ = labelled.answers_of(str(data), models[-1].annotator_id)
            task = wanted.task or answers.task
            scores = answers_of(soft, models[-1].annotator_id, task)
            ids = rows["utterance_id"].to_pylist()
            rows = rows.append_column(COLUMN, _soft(scores, ids))
    return OfLake(
        source=Source(
            files=(data,),
            table=rows,
            given=np.zeros(len(rows), np.bool_),
            digest=_digest(rows),
        ),
        wanted=_said(wanted, answers),
        licences={each.annotator_id: "; ".join(each.licences) for each in models},
        bound=_bound(models, touches),
    )


def _rows(taught: Taught, wanted: Wanted) -> pa.Table:
    """Returns text, keys and labels of the utterances that may be used."""
    source = taught.source.table.drop_columns(["text"])
    texts = pa.array(taught.texts, pa.string())
    table = source.append_column("text", texts)
    for name, values in _columns(taught.answers, wanted):
        table = table.append_column(name, values)
    return table.take(pa.array(taught.usable))


def _columns(answers: Answers, wanted: Wanted) -> Iterator[tuple[str, pa.Array]]:
    if wanted.head == "value":
        for place, label in enumerate(answers.labels):
            values = answers.stored[:, place].astype(np.float64)
            yield label, pa.array(values, mask=np.isnan(values))
        return
    named = [
        [
            label
            for label, is_chosen in zip(answers.labels, row, strict=True)
            if is_chosen
        ]
        for row in answers.chosen.tolist()
    ]
    if wanted.head == "several":
        yield "labels", pa.array(named, pa.list_(pa.string()))
    else:
        first = [each[0] if each else None for each in named]
        yield "label", pa.array(first, pa.string())


def _soft(scores: Answers, ids: list[str]) -> pa.Array:
    """Returns of each utterance what the teacher scores, as JSON; null for none."""
    found = {}
    for name, row in zip(scores.ids, scores.stored.tolist(), strict=True):
        pairs = zip(scores.labels, row, strict=True)
        found[name] = json.dumps({k: v for k, v in pairs if v == v})
    return pa.array([found.get(name) for name in ids], pa.string())


def _said(wanted: Wanted, answers: Answers) -> Wanted:
    """Returns what is wanted, with what the lake says of its labels."""
    known = vocabularies.known().get(answers.vocabulary)
    scale = wanted.scale or (known.scale if known else None)
    is_value = wanted.head == "value"
    return replace(
        wanted,
        labels=wanted.labels or (answers.labels if is_value else ()),
        vocabulary=wanted.vocabulary or answers.vocabulary,
        task=wanted.task or answers.task,
        scale=scale if is_value else None,
    )


def _bound(models: list[Teacher], touches: tuple[str, ...]) -> PassedOn:
    found = [*touches, *(t for each in models for t in each.touches)]
    allowed = [each.commercial_use for each in models]
    return PassedOn(
        teacher=", ".join(each.annotator_id for each in models),
        touches=tuple(dict.fromkeys(found)),
        notice="; ".join(e.notice for e in models if e.notice) or None,
        commercial_use=False if False in allowed else None,
    )


def _digest(rows: pa.Table) -> str:
    """Returns BLAKE2b of all rows, 32 hex digits."""
    written = json.dumps(rows.to_pylist(), default=str).encode()
    return hashlib.blake2b(written, digest_size=16).hexdigest()
