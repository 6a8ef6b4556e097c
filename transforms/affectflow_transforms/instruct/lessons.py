"""Questions and answers to learn, from a lake or from files."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow import defaults, registry
from affectflow.column_names import listed
from affectflow.errors import UsageError
from affectflow.kinds.asker import Asker
from affectflow.kinds.prompt import Answer, Step
from affectflow.kinds.teaching import Exchange, check_writers, exchanges
from affectflow.opened import labelled
from affectflow.options import quoted
from affectflow.schemas import UTTERANCES, Status
from affectflow_transforms.finetune.splits import Source, column, read
from affectflow_transforms.instruct.labels import check_answers, check_words

_KEYS = ("conversation_id", "speaker_id")
_READ = ("utterance_id", "conversation_id", "speaker_id", "speaker_role", "lang")
_ONE = ("label", "labels")
NO_LABEL = "a row without an answer"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be learned; the options of `Instruct`.

    Args:
      annotator: of a lake: whose labels.
      vocabulary: of those labels, if it is not that of the prompt.
      text: of a file: the column of the text.
      split_by: the column of the key that tells rows apart.
      pairs: a chosen and a rejected answer to each question.
    """

    annotator: str
    vocabulary: str = ""
    text: str = "text"
    split_by: str = ""
    pairs: bool = False


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """Exchanges to learn.

    Args:
      exchanges: of all rows; of pairs, with the chosen answer.
      rejected: of pairs, the other answer of each.
      source: a row for each exchange, with the keys to tell them apart.
      refused: rows that cannot be learned, by reason.
      licence: of the labels, where an annotator has one.
    """

    exchanges: list[Exchange]
    rejected: list[str]
    source: Source
    refused: Counter[str] = field(default_factory=Counter)
    licence: str = ""

    @property
    def digest(self) -> str:
        """BLAKE2b of all that is learned."""
        said = [
            (each.request.digest, each.target, other)
            for each, other in zip(
                self.exchanges, self.rejected or self.exchanges, strict=True
            )
        ]
        written = json.dumps(said, default=lambda each: "").encode()
        return hashlib.blake2b(written, digest_size=16).hexdigest()


def gather(data: Path, asker: Asker[Any], wanted: Wanted) -> Lessons:
    """Returns what a model is to learn from a lake, or from the files of a folder.

    Raises:
      UsageError: nothing there can be learned; says why.
    """
    made = _of_lake if labelled.is_lake(str(data)) else _of_files
    found = made(data, asker, wanted)
    if not found.exchanges:
        why = ", ".join(f"{n:,} {reason}" for reason, n in found.refused.items())
        raise UsageError(
            f"no row of {str(data)!r} answers the prompt {asker.asked.name!r} "
            f"({why or 'none has a label'}): look at `affectflow plugins "
            f"{asker.asked.name}` for its labels"
        )
    return found


# -- a lake ----------------------------------------------------------------------------


def _of_lake(data: Path, asker: Asker[Any], wanted: Wanted) -> Lessons:
    if wanted.pairs:
        return _pairs_of_lake(data, asker, wanted)
    check_writers(asker.asked.steps)
    rows, licence = labelled.answers_of(str(data), wanted.annotator)
    answers = _by_step(labelled.decided_in(rows), asker, wanted)
    check_answers(asker.asked.steps, answers, data)
    refused: Counter[str] = Counter()
    found, keys = [], []
    for batch in labelled.batches_for(str(data), asker):
        ids = batch["utterance_id"].to_pylist()

        def known(
            row: int, step: Step, ids: list[str] = ids
        ) -> Sequence[Answer] | None:
            return answers.get((ids[row], step.name))

        some = exchanges(asker, batch, known, refused)
        found += some
        keys += _keys_of(batch, [each.row for each in some], wanted)
    return Lessons(
        exchanges=found,
        rejected=[],
        source=_source(keys, (data,), [False] * len(found)),
        refused=refused,
        licence=licence,
    )


def _by_step(
    rows: pa.Table, asker: Asker[Any], wanted: Wanted
) -> dict[tuple[str, str], list[Answer]]:
    """Returns what is answered of each utterance to each step.

    Raises:
      UsageError: nothing is answered to any step; names what there is.
    """
    prompt = asker.asked
    steps = {
        (prompt.task_of(step), wanted.vocabulary or prompt.vocabulary_of(step)): step
        for step in prompt.steps
    }
    found: dict[tuple[str, str], list[Answer]] = {}
    there: set[tuple[str, str]] = set()
    for row in rows.to_pylist():
        key = (row["task"], row["vocabulary"])
        there.add(key)
        if step := steps.get(key):
            found.setdefault((row["utterance_id"], step.name), []).append(_answer(row))
    if not found:
        asked = " or ".join(f"{task!r} in {name!r}" for task, name in steps)
        other = ", ".join(f"{task!r} in {name!r}" for task, name in sorted(there))
        raise UsageError(
            f"{wanted.annotator!r} has not answered {asked}, which the prompt "
            f"{prompt.name!r} asks; there is {other or 'nothing'}: name other labels "
            "with --set vocabulary=NAME, or another --set annotator=ID"
        )
    return found


def _answer(row: Mapping[str, Any]) -> Answer:
    if row["status"] == Status.ABSTAINED.word:
        return Answer(status=Status.ABSTAINED)
    is_text = row["value"] is None and row["text"] is not None
    return Answer(
        row["label"], value=row["value"], text=row["text"] if is_text else None
    )


def _pairs_of_lake(data: Path, asker: Asker[Any], wanted: Wanted) -> Lessons:
    who = "" if wanted.annotator == labelled.GOLD else wanted.annotator
    pairs = labelled.pairs_of(str(data), who).to_pylist()
    by_id = {pair["prompt_id"]: pair for pair in pairs}

    found: list[Exchange] = []
    rejected: list[str] = []
    keys: list[dict[str, Any]] = []
    refused: Counter[str] = Counter()
    for batch in labelled.batches_for(str(data), asker):
        ids = batch["utterance_id"].to_pylist()
        of_rows = [by_id.get(each) for each in ids]
        some, others = _paired(asker, batch, of_rows, refused)
        found, rejected = found + some, rejected + others
        keys += _keys_of(batch, [each.row for each in some], wanted)
    return Lessons(
        exchanges=found,
        rejected=rejected,
        source=_source(keys, (data,), [False] * len(found)),
        refused=refused,
    )


def _paired(
    asker: Asker[Any],
    batch: pa.RecordBatch,
    pairs: Sequence[Mapping[str, Any] | None],
    refused: Counter[str],
) -> tuple[list[Exchange], list[str]]:
    """Returns what is asked of rows that have a pair of answers."""
    found, others = [], []
    asked = asker.first_requests(batch)
    for row, pair in enumerate(pairs):
        chosen = _words(pair["chosen"]) if pair else None
        other = _words(pair["rejected"]) if pair else None
        if pair is None:
            continue
        if row not in asked or not chosen or not other:
            refused["a pair without a text"] += 1
        elif chosen == other:
            refused["a pair of equal answers"] += 1
        else:
            one = Exchange(
                row=row,
                step=asker.asked.steps[0],
                request=asked[row],
                reading=asked[row].messages[-1].content,
                target=chosen,
                answers=(),
            )
            found.append(one)
            others.append(other)
    return found, others


def _keys_of(
    batch: pa.RecordBatch, rows: Sequence[int], wanted: Wanted
) -> list[dict[str, Any]]:
    if wanted.split_by and wanted.split_by not in batch.schema.names:
        there = [n for n in batch.schema.names if n not in ("text", "segments")]
        raise UsageError(
            f"utterances have no column {wanted.split_by!r} to split by; they have "
            f"{quoted(there)}"
        )
    names = dict.fromkeys([*_KEYS, *([wanted.split_by] if wanted.split_by else [])])
    columns = {name: batch[name].to_pylist() for name in names}
    return [{name: str(columns[name][row] or "") for name in names} for row in rows]


def _source(
    keys: list[dict[str, Any]], files: tuple[Path, ...], given: list[bool]
) -> Source:
    table = pa.Table.from_pylist(keys) if keys else pa.table({})
    return Source(files=files, table=table, given=np.array(given, np.bool_))


# -- files -----------------------------------------------------------------------------


def _of_files(data: Path, asker: Asker[Any], wanted: Wanted) -> Lessons:
    source = read(data)
    batch = _ingested(source, asker, wanted)
    refused: Counter[str] = Counter()
    rejected: list[str] = []
    if wanted.pairs:
        chosen, other = (column(source, name) for name in ("chosen", "rejected"))
        pairs = [
            {"chosen": c, "rejected": r} for c, r in zip(chosen, other, strict=True)
        ]
        found, rejected = _paired(asker, batch, pairs, refused)
    else:
        found = exchanges(asker, batch, _cells(source, asker, refused), refused)
    rows = [each.row for each in found]
    there = [n for n in (*_KEYS, wanted.split_by) if n in source.table.column_names]
    if wanted.split_by:
        column(source, wanted.split_by, "split_by")
    columns = {name: column(source, name) for name in there}
    keys: list[dict[str, Any]] = [
        {"": ""} | {name: str(columns[name][row] or "") for name in there}
        for row in rows
    ]
    return Lessons(
        exchanges=found,
        rejected=rejected,
        source=_source(keys, source.files, source.given[rows].tolist()),
        refused=refused,
    )


def _ingested(source: Source, asker: Asker[Any], wanted: Wanted) -> pa.RecordBatch:
    """Returns the rows of files as utterances, after the steps of `ingest`."""
    texts = column(source, wanted.text, "text")
    n, names = len(texts), source.table.column_names
    given: dict[str, Any] = {
        name: [_words(each) for each in column(source, name)]
        for name in _READ
        if name in names
    }
    # Rows have numbers, so that two files may use one id.
    given["utterance_id"] = [f"row:{row}" for row in range(n)]
    given["text"] = [_words(each) or "" for each in texts]
    made = ("segments", "cues", "annotations", "vectors")
    wanted_columns = [
        *(each for each in asker.columns_required.names if each not in made),
        *_READ,
        "text",
    ]
    fields = [UTTERANCES.field(name) for name in dict.fromkeys(wanted_columns)]
    columns = [
        pa.array(given[f.name], f.type) if f.name in given else pa.nulls(n, f.type)
        for f in fields
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
    for name in defaults.INGEST_STEPS:
        step = registry.make("transforms", name)
        step.setup()
        batch = step.apply(batch)
    return batch


def _cells(
    source: Source, asker: Asker[Any], refused: Counter[str]
) -> Callable[[int, Step], str | None]:
    """Returns what the files say of a row and a step.

    Raises:
      UsageError: no column is named as a step, or a label is unknown.
    """
    steps, names = asker.asked.steps, source.table.column_names
    columns = {step.name: step.name for step in steps if step.name in names}
    if len(steps) == 1 and not columns:
        there = [name for name in _ONE if name in names]
        columns = {step.name: name for step in steps for name in there[:1]}
    if not columns:
        raise UsageError(
            f"{str(source.files[0])!r} has no column that is named as a step of the "
            f"prompt {asker.asked.name!r}: {quoted(step.name for step in steps)}"
            f"{' or `label`' if len(steps) == 1 else ''}; it has {listed(names)}"
        )
    cells = {
        step: [_words(each) for each in column(source, name)]
        for step, name in columns.items()
    }
    check_words(steps, cells, source.files[0].parent)
    silent = sum(not any(row) for row in zip(*cells.values(), strict=True))
    if silent:
        refused[NO_LABEL] += silent
    return lambda row, step: cells[step.name][row] if step.name in cells else None


def _words(value: Any) -> str | None:
    """Returns a cell as words; a list with commas, None for an empty one."""
    if value is None:
        return None
    if isinstance(value, list):
        return ", ".join(filter(None, map(_words, value))) or "none"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip() or None
