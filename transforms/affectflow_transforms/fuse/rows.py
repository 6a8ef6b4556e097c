"""The rows of a lake that have vectors, and the labels that they have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.options import meant
from affectflow.schemas import PRIVATE_VISIBILITIES
from affectflow_transforms.finetune.splits import Source
from affectflow_transforms.fuse.vectors import Mask, Matrix, Rows, matrix_of

_HAVE_VECTORS = "SELECT DISTINCT annotator_id FROM vectors ORDER BY 1"
_HAVE_LABELS = "SELECT DISTINCT annotator_id FROM annotations ORDER BY 1"
_UTTERANCES = """
    SELECT utterance_id, conversation_id, speaker_id,
      coalesce(deleted, false) AS deleted, visibility
    FROM placed_utterances
    SEMI JOIN (
      SELECT utterance_id FROM vectors WHERE list_contains($annotators, annotator_id)
    ) USING (utterance_id)
    ORDER BY utterance_id
"""
_VECTORS = """
    SELECT utterance_id, vector FROM vectors
    WHERE annotator_id = $annotator AND vector IS NOT NULL
    ORDER BY utterance_id, modality, start_s, end_s
"""
_BY_PEOPLE = """
    SELECT utterance_id, vocabulary, label FROM majority
    WHERE task = $task AND leads AND label IS NOT NULL
"""
_BY_ONE = """
    SELECT utterance_id, vocabulary, label FROM annotations
    WHERE task = $task AND annotator_id = $annotator AND label IS NOT NULL
      AND chosen AND coalesce(rank, 1) = 1 AND start IS NULL
      AND coalesce(status, 'ok') IN ('ok', 'truncated')
"""
_KEYS = ("conversation_id", "speaker_id")


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Rows with vectors.

    Args:
      annotators: whose vectors they are, one for each modality.
      vectors: of each modality, shape (rows, its width).
      there: shape (modalities, rows): which rows have it.
      labels: that there are.
      target: shape (rows,): the place of the label; -1 for none.
    """

    annotators: tuple[str, ...]
    vectors: list[Matrix]
    there: Mask
    labels: tuple[str, ...]
    target: Rows

    @property
    def widths(self) -> tuple[int, ...]:
        """How wide the vectors of each modality are."""
        return tuple(each.shape[1] for each in self.vectors)

    def only(self, modalities: Sequence[int]) -> "Examples":
        """Returns the same with some of the modalities."""
        return Examples(
            annotators=tuple(self.annotators[place] for place in modalities),
            vectors=[self.vectors[place] for place in modalities],
            there=self.there[list(modalities)],
            labels=self.labels,
            target=self.target,
        )

    def labelled(self, rows: Rows) -> Rows:
        """Returns those of some rows that have a label."""
        return rows[self.target[rows] >= 0]

    def paired(self, rows: Rows) -> Rows:
        """Returns those of some rows that have two modalities or more."""
        return rows[self.there[:, rows].sum(axis=0) > 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """What a lake has to learn from.

    Args:
      examples: the rows.
      source: their keys.
      usable: rows that may be used.
      left_out: how many may not, by reason.
      vocabulary: the label set.
      whose: the labels are.
      licences: of the annotators, and of the labels' annotator, by id.
      touches: what the annotators touch of people.
    """

    examples: Examples
    source: Source
    usable: Rows
    left_out: Mapping[str, int]
    vocabulary: str
    whose: str
    licences: Mapping[str, str]
    touches: tuple[str, ...]


def corpus_of(
    lake: Any, over: Sequence[str], task: str, annotator: str, *, private: bool
) -> Corpus:
    """Returns the rows of an open lake that have vectors, with their labels.

    Args:
      lake: as `open_lake` gives it.
      over: the annotators of the vectors, by their ids or the beginnings of them.
      task: that the labels answer.
      annotator: whose labels; empty for those that most people gave.
      private: private and direct messages are used, too.

    Raises:
      UsageError: an annotator is not in the lake, or there are no two labels.
    """
    vectors_of = _ids(lake, _HAVE_VECTORS)
    where = "has given vectors in this lake"
    if not vectors_of:
        raise UsageError(
            f"no annotator {where}: for each encoder, first type `affectflow annotate "
            "LAKE --model FOLDER`; docs/fuse.md shows how"
        )
    annotators = sorted({meant(each, vectors_of, "annotator", where) for each in over})
    if len(annotators) < 2:
        raise UsageError(
            "`over` must name two annotators of vectors or more, and means only "
            f"{' and '.join(annotators)}; this lake has {', '.join(vectors_of)}"
        )
    table = lake.sql(_UTTERANCES, params={"annotators": annotators}).to_arrow_table()
    ids = table.column("utterance_id").combine_chunks()
    matrices = [_matrix(lake, each, ids) for each in annotators]
    whose, rows = _labels(lake, task, annotator)
    labels, target, vocabulary = _target(rows, ids, whose, task)
    examples = Examples(
        annotators=tuple(annotators),
        vectors=[matrix for matrix, _ in matrices],
        there=np.stack([flags for _, flags in matrices]),
        labels=labels,
        target=target,
    )
    usable, left_out = _usable(table, examples, private=private)
    licences, touches = _terms(lake, [*annotators, *([whose] if annotator else [])])
    return Corpus(
        examples=examples,
        source=_source(lake.path, table),
        usable=usable,
        left_out=left_out,
        vocabulary=vocabulary,
        whose=whose,
        licences=licences,
        touches=touches,
    )


def _ids(lake: Any, query: str) -> list[str]:
    return [row[0] for row in lake.sql(query).fetchall()]


def _matrix(lake: Any, annotator_id: str, ids: pa.Array) -> tuple[Matrix, Mask]:
    found = lake.sql(_VECTORS, params={"annotator": annotator_id}).to_arrow_table()
    vectors = found.column("vector").combine_chunks()
    places = pc.index_in(found.column("utterance_id"), value_set=ids)
    known = pc.is_valid(places).combine_chunks()
    rows = np.asarray(places.combine_chunks().filter(known), np.int64)
    vectors = vectors.filter(known)
    if not len(vectors):
        raise UsageError(
            f"all vectors of {annotator_id} are of messages that have been removed: "
            "annotate the lake with it again"
        )
    width = len(vectors[0])
    misfit = (
        f"the vectors of {annotator_id} differ in width, {width} and {{found}}: they "
        "must come from one model"
    )
    return matrix_of(vectors, rows, len(ids), width, misfit)


def _labels(lake: Any, task: str, annotator: str) -> tuple[str, pa.Table]:
    """Returns whose labels there are, and `utterance_id`, `vocabulary`, `label`."""
    if not annotator:
        rows = lake.sql(_BY_PEOPLE, params={"task": task}).to_arrow_table()
        return "people", rows
    there = _ids(lake, _HAVE_LABELS)
    whose = meant(annotator, there, "annotator", "has labelled this lake")
    given = {"task": task, "annotator": whose}
    return whose, lake.sql(_BY_ONE, params=given).to_arrow_table()


def _target(
    rows: pa.Table, ids: pa.Array, whose: str, task: str
) -> tuple[tuple[str, ...], Rows, str]:
    """Returns the labels, the place of each row's or -1, and the vocabulary."""
    vocabularies = pc.unique(rows.column("vocabulary")).to_pylist()
    if len(vocabularies) > 1:
        raise UsageError(
            f"{whose} answered the task {task!r} in several vocabularies, "
            f"{', '.join(sorted(map(str, vocabularies)))}: name one annotator of the "
            "labels with --set annotator=ID"
        )
    places = pc.index_in(rows.column("utterance_id"), value_set=ids)
    rows = rows.append_column("place", places).filter(pc.is_valid(places))
    labels = tuple(sorted(set(rows.column("label").to_pylist())))
    if len(labels) < 2:
        raise UsageError(
            f"rows with vectors need two labels or more, but those that {whose} gave "
            f"for the task {task!r} are {', '.join(labels) or 'none'}: label more of "
            "them, or name another annotator of the labels with --set annotator=ID"
        )
    target = np.full(len(ids), -1, np.int64)
    for place, label in zip(
        rows.column("place").to_pylist(), rows.column("label").to_pylist(), strict=True
    ):
        target[place] = max(target[place], labels.index(label))
    return labels, target, str(vocabularies[0] or "")


def _usable(
    table: pa.Table, examples: Examples, *, private: bool
) -> tuple[Rows, dict[str, int]]:
    hidden = pc.is_in(
        table.column("visibility"), value_set=pa.array(PRIVATE_VISIBILITIES)
    )
    reasons: dict[str, Mask] = {
        "deleted": np.asarray(table.column("deleted")),
        "private": np.asarray(pc.and_(hidden, not private)),
        "without a usable vector": np.asarray(~examples.there.any(axis=0)),
    }
    kept, left_out = np.ones(len(table), np.bool_), Counter[str]()
    for reason, rows in reasons.items():
        left_out[reason] = int((kept & rows).sum())
        kept &= ~rows
    return np.flatnonzero(kept), {why: n for why, n in left_out.items() if n}


def _terms(lake: Any, ids: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Returns the licences of annotators by their ids, and all that they touch."""
    rows = lake.sql(
        "SELECT annotator_id, licence, touches FROM annotators "
        "WHERE list_contains($ids, annotator_id)",
        params={"ids": ids},
    ).fetchall()
    said = {name: licence for name, licence, _ in rows}
    touches = {each for _, _, touched in rows for each in touched or ()}
    return {each: said.get(each) or "not stated" for each in ids}, tuple(
        sorted(touches)
    )


def _source(lake: str, table: pa.Table) -> Source:
    """Returns the rows with those keys that not all of them are without."""
    keys = [n for n in _KEYS if table.column(n).null_count < len(table)]
    return Source(
        files=(Path(lake),),
        table=table.select(["utterance_id", *keys]).combine_chunks(),
        given=np.zeros(len(table), np.bool_),
    )
