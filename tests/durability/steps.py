"""Kill -9 at every step of a stage that leaves a trace on the disk.

`python -m tests.durability.steps STAGE` forks: one clean run that counts the steps
(files renamed, linked or removed, commits begun and done), then for each step a run
that dies there, the same run again, and the digest. Prints a line of JSON for each step
whose lake differs, and a summary. One process a run, without workers, and few parts, so
that the windows between two commits, which a random time rarely meets, are all met.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.durability.jobs import STAGES, write_input
from tests.durability.kills import calls_of, forked

ROWS = 60
BUCKETS = 4


class Steps:
    """Counts what leaves a trace, and kills this process at one of them."""

    def __init__(self, fatal: int = -1):
        self.names: list[str] = []
        self._fatal = fatal

    def install(self) -> None:
        """Wraps, in this process, what changes a lake."""
        from deltalake import DeltaTable

        from affectflow.storage import Storage

        for owner, name in (
            *((os, name) for name in ("replace", "link", "rename")),
            *((Storage, name) for name in ("remove_tree", "write_once")),
            *((DeltaTable, name) for name in ("create", "create_write_transaction")),
        ):
            setattr(owner, name, self._around(name, getattr(owner, name)))

    def _around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self._step(f"before {name}")
            answer = function(*arguments, **named)
            self._step(f"after {name}")
            return answer

        return wrapped

    def _step(self, name: str) -> None:
        if len(self.names) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(name)


class Bench:
    """A lake before a stage, and runs of that stage over copies of it."""

    def __init__(self, stage: str, folder: Path):
        self.stage = stage
        self.folder = folder
        self.lake = folder / "lake"
        self.before = folder / "before"
        write_input(folder / "input.jsonl", range(ROWS))
        for earlier in STAGES[: STAGES.index(stage)]:
            self.must(lambda earlier=earlier: self._job(earlier))
        if self.lake.exists():
            self.lake.rename(self.before)
        calls_of(folder)

    def must(self, function: Callable[[], Any]) -> Any:
        """Runs a function in a copy of this process that must not die."""
        code, answer = forked(function)
        if code:
            raise RuntimeError(f"{self.stage}: a run ended with {code}")
        return answer

    def fresh(self) -> None:
        """Puts the lake back to what it was before the stage."""
        shutil.rmtree(self.lake, ignore_errors=True)
        if self.before.exists():
            shutil.copytree(self.before, self.lake)

    def _job(self, stage: str) -> None:
        from tests.durability import jobs

        jobs.BUCKETS = BUCKETS
        arguments = [stage, str(self.lake), "--calls", str(self.folder / "calls")]
        arguments += ["--input", str(self.folder / "input.jsonl")]
        if jobs.main(arguments):
            os._exit(1)

    def run(self, fatal: int = -1) -> tuple[int, list[str] | None]:
        """Runs the stage, dying at a step; returns the code and the steps."""

        def job() -> list[str]:
            steps = Steps(fatal)
            steps.install()
            self._job(self.stage)
            return steps.names

        return forked(job)

    def answer(self) -> dict[str, Any]:
        """Returns the digests of the lake, and its runs that are done."""

        def ask() -> dict[str, Any]:
            from affectflow.lake import open_lake
            from affectflow.lake.digest import digest

            with open_lake(str(self.lake)) as connection:
                query = f"FROM runs WHERE stage = '{self.stage}' AND state = 'done'"
                done = connection.sql(f"SELECT count(*) {query}").fetchall()[0][0]
            return {**digest(str(self.lake)), "runs done": done}

        return self.must(ask)


def outcomes(bench: Bench, chosen: Callable[[int], list[int]]) -> Iterator[Any]:
    """Yields for each chosen step what differs after a kill there and a second run."""
    bench.fresh()
    _, names = bench.run()
    assert names, "the stage changed nothing"
    clean, calls = bench.answer(), calls_of(bench.folder)
    for step in chosen(len(names)):
        bench.fresh()
        code, _ = bench.run(step)
        again, _ = bench.run()
        found = bench.answer()
        differ = [k for k, v in clean.items() if k != "runs done" and found[k] != v]
        yield {
            "step": step,
            "name": names[step],
            "killed": code == -signal.SIGKILL,
            # Progress is written by the clock: a run may have fewer steps than the
            # first one had, and end before its last.
            "ended": code,
            "again": again,
            "differ": differ,
            "asked_again": calls_of(bench.folder) - calls,
        }


def main() -> int:
    """Kills a stage at all its steps, or at some, and says which left a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--last", type=int, default=0, help="only so many; 0 for all")
    parser.add_argument("--every", type=int, default=1, help="leave steps out")
    parser.add_argument("--first", type=int, default=0, help="of those chosen")
    asked = parser.parse_args()

    def chosen(steps: int) -> list[int]:
        first = max(0, steps - asked.last) if asked.last else 0
        return list(range(first + asked.first, steps, asked.every))

    bad = done = killed = asked_again = 0
    with tempfile.TemporaryDirectory(prefix="steps-") as folder:
        for outcome in outcomes(Bench(asked.stage, Path(folder)), chosen):
            done += 1
            killed += outcome["killed"]
            asked_again = max(asked_again, outcome["asked_again"])
            died_otherwise = outcome["ended"] not in (0, -signal.SIGKILL)
            if outcome["differ"] or outcome["again"] or died_otherwise:
                bad += 1
                print(json.dumps(outcome), flush=True)
    print(
        json.dumps(
            {
                "stage": asked.stage,
                "steps": done,
                "killed": killed,
                "differ": bad,
                "rows asked again": asked_again,
            }
        )
    )
    return 1 if bad or 4 * killed < 3 * done or not done else 0


if __name__ == "__main__":
    sys.exit(main())
