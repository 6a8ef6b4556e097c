"""Kill -9 at every step of `calibrate` that leaves a trace, then the same command.

`python -m tests.durability.calibrating` prints a line of JSON for each step after which
the lake differs from that of an undisturbed run, and a summary. Unlike the digest, this
compares scores, probabilities and calibration ids row by row, and whether what was
mined has to be mined again.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.durability.kills import forked
from tests.durability.steps import Steps


def must(function: Any) -> Any:
    """Runs a function in a copy of this process that must not die."""
    code, answer = forked(function)
    if code:
        raise RuntimeError(f"a run ended with {code}")
    return answer


def prepare(folder: Path) -> None:
    """Makes a lake with scores, causes and a person's answers."""
    from tests.given import calibration_lakes

    calibration_lakes.mine(calibration_lakes.full(folder))


def run(lake: Path, fatal: int = -1) -> tuple[int, list[str] | None]:
    """Calibrates, dying at a step; returns the code and the steps."""

    def job() -> list[str]:
        from affectflow.stages.calibrate import calibrate

        steps = Steps(fatal)
        steps.install()
        calibrate(str(lake))
        return steps.names

    return forked(job)


def said(lake: Path) -> dict[str, Any]:
    """Returns all that the lake says of labels, and what mining would do."""
    from affectflow.lake.digest import digest
    from tests.given import calibration_lakes
    from tests.given.stage_runs import ask, counts

    return {
        "labels": calibration_lakes.labelled(str(lake)),
        "measures": ask(str(lake), "SELECT * FROM measures ORDER BY ALL"),
        "digest": digest(str(lake)),
        "calibrations": sorted(p.name for p in lake.glob("_calibrations/*.json")),
        "mined": counts(calibration_lakes.mine(str(lake))),
    }


def outcomes(folder: Path, first: int, every: int) -> Iterator[dict[str, Any]]:
    """Yields what differs after a kill at steps from `first` on and a second run."""
    must(lambda: prepare(folder))
    before, lake = folder / "before", folder / "lake"
    lake.rename(before)
    shutil.copytree(before, lake)
    _, names = run(lake)
    assert names, "calibrate changed nothing"
    clean = must(lambda: said(lake))
    assert any(row[-1] for row in clean["labels"]), "no probability was filled"
    for step in range(first, len(names), every):
        shutil.rmtree(lake)
        shutil.copytree(before, lake)
        code, _ = run(lake, step)
        again, _ = run(lake)
        found = must(lambda: said(lake))
        differ = [name for name in clean if found[name] != clean[name]]
        yield {"step": step, "name": names[step], "code": code, "again": again} | {
            "differ": differ
        }


def main() -> int:
    """Kills at all steps; returns 1 if any lake differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="kill at each nth step")
    parser.add_argument("--first", type=int, default=0, help="step that is killed at")
    asked = parser.parse_args()
    bad = kills = 0
    with tempfile.TemporaryDirectory(prefix="calibrating-") as name:
        os.environ["XDG_CONFIG_HOME"] = str(Path(name) / "config")
        for outcome in outcomes(Path(name), asked.first, asked.every):
            # Side files of progress depend on the clock: the last steps may not come.
            kills += outcome["code"] == -9
            if outcome["differ"] or outcome["again"] or outcome["code"] not in (0, -9):
                bad += 1
                print(json.dumps(outcome))
    print(json.dumps({"kills": kills, "bad": bad}))
    return 1 if bad or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
