"""Killed at any point, compact changes no answer, and heals."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from deltalake import DeltaTable

from affectflow.lake.digest import digest
from affectflow.stages.upkeep.compact import compact
from affectflow.storage import Storage
from tests.compacting.lakes import (
    POISON,
    KilledError,
    annotate,
    answers,
    batch,
    part_count,
)
from tests.conftest import ROOT
from tests.given.fake_model import FakeHandler
from tests.given.proving import SEED, in_proof, rotated
from tests.given.stage_runs import counts, store

pytestmark = pytest.mark.rotated


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Raises before the write or commit of this number; gives what was done."""
    done: list[str] = []

    def step(what: str) -> None:
        if len(done) == number:
            raise KilledError(what)
        done.append(what)

    writer = Storage.writer

    @contextmanager
    def write(self: Storage, *path: str) -> Iterator[Any]:
        step("/".join(path))
        with writer(self, *path) as file:
            yield file

    def before(name: str) -> Callable[..., Any]:
        real = getattr(DeltaTable, name)

        def call(self: DeltaTable, *args: Any, **rest: Any) -> Any:
            step(f"{name} {self.table_uri.rstrip('/').rsplit('/', 1)[-1]}")
            return real(self, *args, **rest)

        return call

    names = ("create_write_transaction", "create_checkpoint")
    with (
        mock.patch.object(Storage, "writer", write),
        mock.patch.object(DeltaTable, names[0], before(names[0])),
        mock.patch.object(DeltaTable, names[1], before(names[1])),
        # A writer of progress in another thread would make the numbers vary.
        mock.patch("affectflow.stages.runs.progress._tick_on"),
    ):
        yield done


def steps_of(uri: str) -> list[str]:
    with killed_at(-1) as done:
        compact(uri)
    return done


@pytest.fixture(scope="module")
def steps(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What compact writes and commits of the prepared lake, in order."""
    folder = tmp_path_factory.mktemp("steps") / "lake"
    with killed_at(-1) as done:
        compact(str(shutil.copytree(prepared, folder)))
    return done


def check_a_kill(prepared: Path, folder: Path, number: int, before: Any) -> str:
    """Kills compact, and checks that nothing changed, then or after the next."""
    uri = str(shutil.copytree(prepared, folder))
    with killed_at(number), pytest.raises(KilledError) as killed:
        compact(uri)

    assert digest(uri) == before, f"after a kill before {killed.value}"
    compact(uri)
    assert digest(uri) == before, f"healed after a kill before {killed.value}"
    assert part_count(uri) == 4
    shutil.rmtree(folder)
    return str(killed.value)


@pytest.mark.parametrize(
    "before",
    [
        "_work/compact/",
        "create_write_transaction utterances",
        "create_write_transaction conversations",
        "create_write_transaction rollups",
    ],
)
@pytest.mark.rotated
def test_killed_before_a_write_or_commit_it_changes_no_answer(
    prepared, steps, tmp_path, before
):
    number = next(n for n, step in enumerate(steps) if step.startswith(before))

    killed = check_a_kill(prepared, tmp_path / "lake", number, digest(str(prepared)))

    assert killed.startswith(before)


@pytest.mark.slow
@pytest.mark.proof
def test_killed_at_any_point_it_changes_no_answer_and_heals(prepared, steps, tmp_path):
    assert len(steps) > 50
    before = digest(str(prepared))
    for number in range(len(steps)):
        check_a_kill(prepared, tmp_path / f"lake-{number}", number, before)


KILL_9 = """
import os, signal, sys
from tests.compacting import test_kills as tests
tests.KilledError = lambda what: os.kill(os.getpid(), signal.SIGKILL)
with tests.killed_at(int(sys.argv[2])):
    tests.compact(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", rotated([0.2, 0.5, 0.7, 0.9]))
def test_killed_by_the_system_it_changes_no_answer_and_heals(
    prepared, steps, tmp_path, share
):
    lake = str(shutil.copytree(prepared, tmp_path / "lake"))
    before, number = answers(lake), str(int(len(steps) * share))
    command = [sys.executable, "-c", KILL_9, lake, number]

    done = subprocess.run(command, cwd=ROOT, timeout=120, check=False)

    assert done.returncode == -signal.SIGKILL
    assert answers(lake) == before
    compact(lake)
    assert answers(lake) == before
    assert part_count(lake) == 4


@pytest.mark.slow
def test_after_a_kill_at_any_point_annotate_and_ingest_find_all_done(
    prepared, steps, tmp_path
):
    log = tmp_path / "calls"
    every = in_proof(4, 24)
    for number in range(SEED % every, len(steps), every):
        lake = str(shutil.copytree(prepared, tmp_path / f"lake-{number}"))
        before = answers(lake)
        with killed_at(number), pytest.raises(KilledError):
            compact(lake)

        row = annotate(lake, FakeHandler(poison=POISON, calls=str(log)))
        again = store(lake, batch(1), batch(4))

        assert answers(lake) == before, number
        assert not log.exists(), number
        assert counts(row) == {"in": 60, "dead": 15, "unchanged": 45}
        assert counts(again) == {"in": 24, "unchanged": 24}
