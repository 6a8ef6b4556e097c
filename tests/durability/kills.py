"""Kill -9 at random points of every stage: `python -m tests.durability.kills`.

A round copies a lake, starts a stage, kills it at a time drawn from the length of a
clean run, gives the same command again, and compares. Prints a table as Markdown.
The model is a fake unless `--model embedded` is given: it proves routing only.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.lake import open_lake
from affectflow.lake.digest import digest
from affectflow.schemas import RULES
from tests.durability.jobs import STAGES, write_input
from tests.given.processes import children

ROWS = 3000
TARGETS = ("process", "group", "driver", "worker")
"""What is killed: the only process; driver and both workers; one of them."""
_TURNS = ("process", "worker", "process", "group", "process", "driver")
TIMEOUT_S = 180.0
_CALLED = ("annotate", "over")
_WRITES = {
    "ingest": "utterances",
    "annotate": "annotations",
    "mine": "causes",
    "themes": "theme_members",
    "over": "annotations",
}


@dataclass(frozen=True, kw_only=True)
class Clean:
    """A stage undisturbed: the lake before, and what it gives."""

    stage: str
    before: Path
    seconds: dict[int, float]
    digest: str
    rows: dict[str, int]
    calls: int


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one kill did, after the same command again."""

    stage: str
    seed: int
    target: str
    at_s: float
    hit: bool
    code: int
    ended_s: float
    same: bool
    lost: int
    doubled: int
    calls: float


class Forked:
    """A stage in a copy of this process, which has imported all and begun nothing."""

    def __init__(self, stage: str, lake: Path, folder: Path, workers: int, model: str):
        arguments = [stage, str(lake), "--model", model, "--workers", str(workers)]
        arguments += ["--input", str(folder / "input.jsonl")]
        arguments += ["--calls", str(folder / "calls")]
        self.said = folder / "stderr"
        self._code: int | None = None
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            with self.said.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            os._exit(_job(arguments))

    def poll(self) -> int | None:
        """Returns how the process ended, or None if it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout_s: float = TIMEOUT_S) -> int:
        """Waits for the end, and returns how it came."""
        until = time.monotonic() + timeout_s
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                os.killpg(self.pid, signal.SIGKILL)
                raise TimeoutError(f"still running: {self.said.read_text()[-2000:]}")
            time.sleep(0.005)
        return code

    def finish(self) -> float:
        """Waits for the end, which must be a good one; returns the seconds waited."""
        begun = time.monotonic()
        if self.wait():
            raise RuntimeError(self.said.read_text()[-2000:])
        return time.monotonic() - begun


def _job(arguments: list[str]) -> int:
    from tests.durability import jobs

    try:
        return jobs.main(arguments)
    except BaseException:
        traceback.print_exc()
        return 3
    finally:
        sys.stderr.flush()


def forked(function: Callable[[], Any]) -> tuple[int, Any]:
    """Runs a function in a copy of this process; returns its code and its answer.

    This process itself must stay without threads, or no copy would be sound.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(function(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, json.loads(said) if code == 0 else None


def asked_of(lake: Path, stage: str) -> tuple[str, dict[str, int]]:
    """Returns the digest of a lake, and the rows of the stage's table."""
    code, answer = forked(lambda: (digest(str(lake))["lake"], rows_of(lake, stage)))
    if code:
        raise RuntimeError(f"the digest of {lake} ended with {code}")
    return answer[0], answer[1]


def rows_of(lake: Path, stage: str) -> dict[str, int]:
    """Returns how often each row of the stage's table is there, by its content."""
    table = _WRITES[stage]
    columns = ", ".join(f'"{name}"' for name in RULES[table].digest)
    with open_lake(str(lake)) as connection:
        found = connection.sql(
            f"SELECT md5(row({columns})::VARCHAR), count(*) FROM {table} GROUP BY 1"
        ).fetchall()
    return dict(found)


def calls_of(folder: Path) -> int:
    """Returns how many rows the model has been asked for, and forgets them."""
    file = folder / "calls"
    asked = sum(map(int, file.read_text().split())) if file.exists() else 0
    file.unlink(missing_ok=True)
    return asked


def prepare(folder: Path, stages: Sequence[str], model: str = "fake") -> list[Clean]:
    """Runs stages undisturbed, and those before them; returns what each gives."""
    write_input(folder / "input.jsonl", range(ROWS))
    lake, cleans = folder / "clean", []
    for stage in STAGES[: 1 + max(map(STAGES.index, stages))]:
        before = folder / f"before-{stage}"
        if stage not in stages:
            Forked(stage, lake, folder, 1, model).finish()
            continue
        if lake.exists():
            shutil.copytree(lake, before)
        seconds = {}
        for count in (1, 2):
            shutil.rmtree(lake, ignore_errors=True)
            if before.exists():
                shutil.copytree(before, lake)
            calls_of(folder)
            seconds[count] = Forked(stage, lake, folder, count, model).finish()
        said, rows = asked_of(lake, stage)
        cleans.append(
            Clean(
                stage=stage,
                before=before,
                seconds=seconds,
                digest=said,
                rows=rows,
                calls=calls_of(folder),
            )
        )
    return cleans


def one_round(clean: Clean, folder: Path, seed: int, model: str = "fake") -> Round:
    """Kills a stage once and runs it again; the same seed gives the same kill."""
    rng = random.Random(f"{clean.stage} {seed}")
    target = _TURNS[seed % len(_TURNS)]
    workers = 1 if target == "process" else 2
    at_s = rng.uniform(0, clean.seconds[workers])
    lake = folder / f"round-{clean.stage}-{seed}"
    if clean.before.exists():
        shutil.copytree(clean.before, lake)
    calls_of(folder)
    process = Forked(clean.stage, lake, folder, workers, model)
    begun = time.monotonic()
    with _nobody_left(process):
        _sleep_while_it_runs(process, at_s)
        hit = _kill(process, target, rng)
        struck = time.monotonic()
        code = process.wait()
        ended = time.monotonic() - struck
    Forked(clean.stage, lake, folder, workers, model).finish()
    calls = calls_of(folder)
    said, found = asked_of(lake, clean.stage)
    result = Round(
        stage=clean.stage,
        seed=seed,
        target=target,
        at_s=min(at_s, struck - begun),
        hit=hit,
        code=code,
        ended_s=ended,
        same=said == clean.digest,
        lost=sum(max(0, n - found.get(row, 0)) for row, n in clean.rows.items()),
        doubled=sum(max(0, n - clean.rows.get(row, 0)) for row, n in found.items()),
        calls=calls / clean.calls if clean.calls else 0.0,
    )
    shutil.rmtree(lake)
    return result


def _sleep_while_it_runs(process: Forked, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.002)


def _kill(process: Forked, target: str, rng: random.Random) -> bool:
    """Kills what the target means; returns whether anything was there to be killed."""
    if process.poll() is not None:
        return False
    if target in ("process", "group"):
        os.killpg(process.pid, signal.SIGKILL)
    elif target == "driver":
        os.kill(process.pid, signal.SIGKILL)
    else:
        while not (workers := children(process.pid)):  # none is started yet
            if process.poll() is not None:
                return False
            time.sleep(0.002)
        os.kill(rng.choice(workers), signal.SIGKILL)
    return True


@contextlib.contextmanager
def _nobody_left(process: Forked) -> Iterator[None]:
    """Checks that a killed run leaves no worker behind, and ends those that stay."""
    yield
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    raise AssertionError("workers outlived their driver by 20 s")


def table(rounds: list[Round]) -> Iterator[str]:
    """Yields the rounds by stage and target, as the lines of a Markdown table."""
    yield (
        "| stage | killed | rounds | hit | same digest | rows lost | rows doubled "
        "| model calls, worst | end after kill, worst |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for stage in STAGES:
        for target in TARGETS:
            group = [r for r in rounds if (r.stage, r.target) == (stage, target)]
            if not group:
                continue
            cells = (
                *(stage, target, len(group), sum(r.hit for r in group)),
                f"{sum(r.same for r in group)} of {len(group)}",
                *(sum(r.lost for r in group), sum(r.doubled for r in group)),
                f"{max(r.calls for r in group):.3f}" if stage in _CALLED else "",
                f"{max(r.ended_s for r in group):.1f} s",
            )
            yield "| " + " | ".join(map(str, cells)) + " |"


def main() -> int:
    """Runs rounds of all stages and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="a stage")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--model", choices=("fake", "embedded"), default="fake")
    asked = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        os.environ.setdefault("XDG_CONFIG_HOME", str(folder / "config"))
        cleans = prepare(folder, asked.stages, asked.model)
        for seed in range(asked.seed, asked.seed + asked.rounds):
            for clean in cleans:
                rounds.append(one_round(clean, folder, seed, asked.model))
                print(rounds[-1], file=sys.stderr, flush=True)
    print("\n".join(table(rounds)))
    bad = [r for r in rounds if not r.same or r.lost or r.doubled or r.calls > 1.05]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
