"""The journal: the answers of models, so that nothing is asked twice.

`_work/journal/<model>/` holds the answers of one model in one revision, whichever
annotator asked, under the digest of the request, which covers prompt and text. Answers
are written as they come, in small files that never change; at the end of a part its
files become one. So a killed run continues with the answers it already has, and an
annotator that asks the same questions makes no call.

A file's name says what its process had spent, so all processes of a run know when a
ceiling is reached.
"""

import math
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.account import Spent, open_account
from affectflow.kinds.asker import Asker
from affectflow.kinds.asking import Completion
from affectflow.kinds.cascade import Cascade
from affectflow.lake import Lake
from affectflow.stages.runs.answers import folder_of
from affectflow.stages.runs.journal_files import (
    ANSWERS,
    DIGEST,
    JOURNAL,
    Chunk,
    chunks_in,
    read,
    total,
)
from affectflow.stages.runs.receipts import WORK
from affectflow.storage import Storage, in_threads

CHUNK_ROWS = 512
LOCAL_EVERY_S = 1.0
REMOTE_EVERY_S = 5.0
_TOKEN = secrets.token_hex(4)
_COMPLETION = [name for name in ANSWERS.names if name not in ("digest", "about")]


def _process() -> str:
    # The process id is read each time, because a fork has another.
    return f"{os.getpid():x}{_TOKEN}"


class LakeJournal:
    """The journal of one model, as seen by one part of a run.

    Args:
      lake: that holds it.
      model: name and revision, and whatever else decides its answers.
      run_id: of the command.
    """

    def __init__(self, lake: Lake, model: str, run_id: str):
        self._storage, self._run_id = lake.storage, run_id
        self._folder = (WORK, JOURNAL, folder_of(model))
        self._rows: list[dict[str, object]] = []
        self._spent = Spent()
        self._written: list[Chunk] = []
        self._writer = _process() + secrets.token_hex(4)
        self._since, self._looked = time.monotonic(), -math.inf
        self._elsewhere = Spent()
        self._every = LOCAL_EVERY_S if self._storage.is_local else REMOTE_EVERY_S

    # -- reading -----------------------------------------------------------------

    def known(self, digests: Sequence[str]) -> dict[str, Completion]:
        """Returns the answers that it has."""
        index = _index_of(self._storage, self._folder)
        wanted = pa.array([bytes.fromhex(each) for each in digests], DIGEST)
        tables = (self._chunk(name) for name in index.files_with(wanted))
        found: dict[str, Completion] = {}
        for table in tables:
            rows = table.filter(pc.is_in(table["digest"], value_set=wanted))
            found |= {r["digest"].hex(): _completion(r) for r in rows.to_pylist()}
        return found

    def _chunk(self, name: str) -> pa.Table:
        return read(self._storage, (*self._folder, name), ANSWERS.names)

    # -- writing -----------------------------------------------------------------

    def keep(self, digest: str, completion: Completion, about: Sequence[str]) -> None:
        """Stores an answer soon, together with others."""
        self._rows.append(
            {
                "digest": bytes.fromhex(digest),
                "text": completion.text,
                "scores": completion.scores and list(completion.scores),
                "tokens_in": completion.tokens_in,
                "tokens_out": completion.tokens_out,
                "truncated": completion.truncated,
                "about": list(about),
            }
        )
        late = time.monotonic() - self._since >= self._every
        if late or len(self._rows) >= CHUNK_ROWS:
            self.write()

    def spend(self, spent: Spent) -> None:
        """Records calls of this process, for the others of the run."""
        calls, cost = self._spent
        self._spent = Spent(calls + spent.calls, cost + spent.cost)

    def elsewhere(self) -> Spent:
        """Returns what other processes of the run have spent, as far as is known."""
        if time.monotonic() - self._looked >= self._every:
            self._looked = time.monotonic()
            chunks = chunks_in(self._storage, self._folder)
            self._elsewhere = total(c.spent for c in chunks if self._is_other(c))
        return self._elsewhere

    def _is_other(self, chunk: Chunk) -> bool:
        same_run = chunk.run_id == self._run_id
        return same_run and not chunk.writer.startswith(_process())

    def write(self) -> None:
        """Writes what has come since the last time."""
        if self._rows or self._spent.calls:
            number = len(self._written)
            chunk = Chunk(self._run_id, self._writer, number, number, self._spent)
            self._write(pa.Table.from_pylist(self._rows, ANSWERS), chunk)
            self._written.append(chunk)
        self._rows, self._spent, self._since = [], Spent(), time.monotonic()

    def _write(self, rows: pa.Table, chunk: Chunk) -> None:
        self._storage.write_parquet(rows, *self._folder, chunk.name)

    def close(self) -> None:
        """Writes what is left, and merges the files of this part into one."""
        self.write()
        small = self._written
        if len(small) < 2:
            return
        rows = pa.concat_tables([self._chunk(chunk.name) for chunk in small])
        spent = total(chunk.spent for chunk in small)
        self._write(rows, small[0]._replace(last=small[-1].last, spent=spent))
        for chunk in small:
            self._storage.remove_tree(*self._folder, chunk.name)


@contextmanager
def journalled(lake: Lake, handler: Any, run_id: str) -> Iterator[None]:
    """Stores the answers that an `Asker` gets inside in the journal, and counts them.

    Args:
      lake: that holds the journal.
      handler: of a model, or a cascade; one that is not an `Asker` needs no journal.
      run_id: of the command.
    """
    asker = handler.inner if isinstance(handler, Cascade) else handler
    if not isinstance(asker, Asker):
        with open_account():
            yield
        return
    journal = LakeJournal(lake, asker.kept_under(), run_id)
    with open_account(journal):
        try:
            yield
        finally:
            journal.close()


def _completion(row: Mapping[str, Any]) -> Completion:
    kept = {name: row[name] for name in _COMPLETION}
    scores = kept.pop("scores")
    return Completion(**kept, scores=None if scores is None else tuple(scores))


# -- which file holds which answer -------------------------------------------------


class _Index:
    """The digests of one model's answers: 16 bytes each, read once in a process."""

    def __init__(self, storage: Storage, folder: tuple[str, ...]):
        self._storage, self._folder = storage, folder
        self._digests: dict[str, pa.Array] = {}
        self._lock = threading.Lock()

    def files_with(self, wanted: pa.Array) -> list[str]:
        """Returns the files that hold any of these digests."""
        with self._lock:
            self._look()
            files = dict(self._digests)
        if not files:
            return []
        found = pc.is_in(pa.concat_arrays(list(files.values())), value_set=wanted)
        ends = np.cumsum([len(each) for each in files.values()])
        hits = np.searchsorted(ends, pc.indices_nonzero(found).to_numpy(), "right")
        names = list(files)
        return [names[hit] for hit in np.unique(hits)]

    def _look(self) -> None:
        there = [c.name for c in chunks_in(self._storage, self._folder)]
        kept = {n: self._digests[n] for n in there if n in self._digests}
        new = [name for name in there if name not in kept]
        self._digests = kept | dict(zip(new, in_threads(self._read, new), strict=True))

    def _read(self, name: str) -> pa.Array:
        rows = read(self._storage, (*self._folder, name), ["digest"])
        return rows["digest"].combine_chunks()


_INDEXES: dict[tuple[str, ...], _Index] = {}
_INDEXING = threading.Lock()


def _index_of(storage: Storage, folder: tuple[str, ...]) -> _Index:
    with _INDEXING:
        return _INDEXES.setdefault((storage.uri, *folder), _Index(storage, folder))


# -- erasing ---------------------------------------------------------------------------


def forget(lake: Lake, utterance_ids: Iterable[str]) -> int:
    """Removes the answers about utterances, of all models; returns how many.

    The other answers of their files go into new ones first.
    """
    storage, ids = lake.storage, pa.array(list(utterance_ids), pa.string())
    removed = 0
    for model in storage.names(WORK, JOURNAL):
        folder = (WORK, JOURNAL, model)
        kept = {chunk.name: chunk for chunk in chunks_in(storage, folder)}
        for name in storage.names(*folder):
            if name in kept:
                removed += _forget_in(storage, folder, kept[name], ids)
            elif Chunk.of(name) is not None:
                storage.remove_tree(*folder, name)  # it is part of another one
    return removed


def _forget_in(
    storage: Storage, folder: tuple[str, ...], chunk: Chunk, ids: pa.Array
) -> int:
    rows = read(storage, (*folder, chunk.name), ANSWERS.names)
    about = rows["about"].combine_chunks()
    hits = pc.is_in(about.flatten(), value_set=ids)
    places = pc.unique(pc.list_parent_indices(about).filter(hits))
    if not len(places):
        return 0
    stays = np.ones(rows.num_rows, np.bool_)
    stays[places.to_numpy()] = False
    other = chunk._replace(writer=chunk.writer + secrets.token_hex(4))
    storage.write_parquet(rows.filter(pa.array(stays)), *folder, other.name)
    storage.remove_tree(*folder, chunk.name)
    return len(places)
