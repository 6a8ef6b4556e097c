"""Options of a job on Spark, and the programs that they name."""

from pathlib import Path

from affectflow import runners


def spark(*more: str):
    return runners.options(["--runner=SparkRunner", *more])


def process(command: str) -> list[str]:
    return ["--environment_type=PROCESS", f"--environment_config={command}"]


def program(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)
