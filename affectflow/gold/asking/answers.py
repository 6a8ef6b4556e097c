"""People's answers as rows of `annotations`, one file for each rater.

A file is named after its content and replaces the rater's older one in one commit. So
importing a sheet twice changes nothing, and nobody ever has two answers to one
question.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from affectflow import __version__
from affectflow.errors import UsageError
from affectflow.gold.asking.raters import annotator_of
from affectflow.gold.asking.reading import Answer
from affectflow.gold.asking.sheets import UNSURE, YES
from affectflow.gold.targets.labels import value_of
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.lake.commits import commit, retry
from affectflow.lake.files import read_files, write_file
from affectflow.lake.tables import FileEntry
from affectflow.schemas import ANNOTATIONS, ANNOTATORS

# Three levels deep, because results of a part are at <folder>/<part>, and these are
# not.
_FOLDER = "answers"

_COPIED = """
SELECT u.utterance_id, u.conversation_id, u.timestamp, u.source, u.container,
  u.speaker_id
FROM utterances AS u
WHERE u.utterance_id IN (SELECT utterance_id FROM given)"""

_DRAWN = """
SELECT label, unit_id FROM measures
WHERE kind = 'inclusion' AND list_contains($samples, label)"""

Key = tuple[str, ...]


class Imported(NamedTuple):
    """What an import did: the numbers of new, changed and withdrawn answers."""

    raters: list[str]
    added: int
    changed: int
    withdrawn: int
    unchanged: int


def folder_of(rater: str) -> str:
    """Returns where a rater's answers are in `annotations`."""
    digest = hashlib.blake2b(rater.encode(), digest_size=6).hexdigest()
    return f"gold-{digest}/{_FOLDER}"


def import_answers(
    lake: Lake, answers: Sequence[Answer], perspective: str = "reader"
) -> Imported:
    """Writes answers into a lake, and returns what changed.

    A rater's answers to a sample take the place of their older ones to it, from the
    same perspective. A cell left blank takes the place of no answer to another sample.

    Args:
      lake: that has the utterances.
      answers: each once.
      perspective: of the answers: `reader`, `writer` or `self_report`.

    Raises:
      UsageError: an utterance is not in the lake, or not in its sample.
    """
    copied = _copied(lake, sorted({answer.utterance_id for answer in answers}))
    _check_known(lake, answers, copied)
    _check_drawn(lake, answers)
    total = Imported([], 0, 0, 0, 0)
    for rater in sorted({answer.rater for answer in answers}):
        own = [answer for answer in answers if answer.rater == rater]
        done = _import_one(lake, rater, own, copied, perspective)
        total = Imported(
            [*total.raters, rater],
            *(a + b for a, b in zip(total[1:], done, strict=True)),
        )
    return total


def _copied(lake: Lake, ids: list[str]) -> dict[str, dict[str, Any]]:
    with open_lake(lake.uri) as connection:
        connection.register("given", pa.table({"utterance_id": ids}))
        rows = ask(connection, _COPIED).to_pylist()
    return {row["utterance_id"]: row for row in rows}


def _check_known(
    lake: Lake, answers: Iterable[Answer], known: dict[str, dict[str, Any]]
) -> None:
    lacking = sorted({a.utterance_id for a in answers if a.utterance_id not in known})
    if lacking:
        raise UsageError(
            f"{len(lacking):,} of the utterances are not in {lake.uri!r} (first "
            f"{lacking[0]!r}): import into the lake that the sample was drawn from, "
            "and do not change the column utterance_id"
        )


def _check_drawn(lake: Lake, answers: Iterable[Answer]) -> None:
    said = {(a.sample_id, a.utterance_id) for a in answers if a.sample_id}
    with open_lake(lake.uri) as connection:
        samples = {"samples": sorted({sample_id for sample_id, _ in said})}
        drawn = set(connection.execute(_DRAWN, samples).fetchall())
    strange = sorted(said - drawn)
    if strange:
        raise UsageError(
            f"{len(strange):,} of the utterances are not in sample {strange[0][0]} "
            f"(first {strange[0][1]!r}): rows of another sheet were pasted in; import "
            "each sheet as a separate file"
        )


def _import_one(
    lake: Lake,
    rater: str,
    answers: list[Answer],
    copied: dict[str, dict[str, Any]],
    perspective: str,
) -> tuple[int, int, int, int]:
    told = (_row(answer, copied, perspective) for answer in answers)
    rows = {_key(row): row for row in told}
    samples = {(a.sample_id, a.target.task, perspective) for a in answers}
    # The annotator first, so that readers of the answers know it is a person.
    _write_annotator(lake, rater)

    def replace() -> tuple[dict[Key, dict[str, Any]], dict[Key, dict[str, Any]]]:
        present = lake.committed("annotations")
        paths = [p for p in present if p.rpartition("/")[0] == folder_of(rater)]
        read = read_files(lake.storage, "annotations", paths).to_pylist()
        older = {_key(row): row for row in read}
        kept = {k: r for k, r in older.items() if not _is_of(r, samples)}
        # What was answered in another sheet may stay blank in this one.
        given = {k: r for k, r in rows.items() if r["raw"] or k not in kept}
        _commit(lake, rater, {**kept, **given}, paths, present)
        return older, {**kept, **given}

    older, now = retry(replace)
    same = sum(older.get(key) == now[key] for key in rows)
    both = len(older.keys() & rows.keys())
    return len(rows) - both, both - same, len(older.keys() - now.keys()), same


def _key(row: dict[str, Any]) -> Key:
    names = ("utterance_id", "task", "vocabulary", "label", "perspective")
    return tuple(row[name] for name in names)


def _row(
    answer: Answer, copied: dict[str, dict[str, Any]], perspective: str
) -> dict[str, Any]:
    target = answer.target
    answered = answer.said not in (UNSURE, "")
    rated = target.is_scale and answered
    return {
        **dict.fromkeys(ANNOTATIONS.names),
        **copied[answer.utterance_id],
        "annotator_id": annotator_of(answer.rater),
        "task": target.task,
        "vocabulary": target.vocabulary,
        "label": target.label,
        "chosen": rated or answer.said == YES,
        "value": value_of(answer.said) if rated else None,
        "perspective": perspective,
        "status": "ok" if answered else "abstained",
        "raw": answer.said,
        "sample_id": answer.sample_id or None,
    }


def _is_of(row: dict[str, Any], samples: set[tuple[str, str, str]]) -> bool:
    asked = (row["sample_id"], row["task"], row["perspective"])
    return row["sample_id"] is not None and asked in samples


def _commit(
    lake: Lake,
    rater: str,
    rows: dict[Key, dict[str, Any]],
    older: list[str],
    present: dict[str, FileEntry],
) -> None:
    ordered = [rows[key] for key in sorted(rows)]
    table = pa.Table.from_pylist(ordered, schema=ANNOTATIONS)
    path = f"{folder_of(rater)}/{_digest(ordered)}.parquet"
    if older == [path]:
        return
    entry = write_file(lake.storage, "annotations", path, table)
    commit(
        lake.storage,
        "annotations",
        [entry],
        [p for p in older if p != path],
        serial="affectflow-gold",
        expected=present,
    )


def _digest(rows: list[dict[str, Any]]) -> str:
    said = json.dumps(rows, sort_keys=True, default=str)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def _write_annotator(lake: Lake, rater: str) -> None:
    path = f"{folder_of(rater)}/row.parquet"
    if path in lake.committed("annotators"):
        return
    row = {
        **dict.fromkeys(ANNOTATORS.names),
        "annotator_id": annotator_of(rater),
        "kind": "person",
        "version": __version__,
    }
    table = pa.Table.from_pylist([row], schema=ANNOTATORS)
    entry = write_file(lake.storage, "annotators", path, table)
    commit(lake.storage, "annotators", [entry])
