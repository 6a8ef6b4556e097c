"""examples/dataflow.sh and the Flex Template: their command lines, and their jobs.

The script runs with an `affectflow` that only records: that proves the command lines.
The recorded options then describe the jobs of the real stages, offline.
"""

import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from affectflow import runners
from affectflow.cli.app import app
from affectflow.errors import UsageError
from tests.given.dataflow_jobs import (
    ACCELERATOR,
    KEY,
    LAKE,
    FarLake,
    described,
    dry_run,
    keep_away,
    stage_builds,
)
from tests.given.docs_tables import ROOT

SCRIPT = ROOT / "examples" / "dataflow.sh"
TEMPLATE = ROOT / "examples" / "flex_template"
RECORDER = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["RECORDED"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""
SETTINGS = {
    "PROJECT": "af-project",
    "BUCKET": "af-bucket",
    "KEYS": "af-keys",
    "IMAGE": "us-docker.pkg.dev/af-project/af/affectflow:0.1.0",
}


@pytest.fixture
def script(tmp_path: Path) -> Any:
    """Runs the script; returns its process, and the recorded command lines."""
    (tmp_path / "bin").mkdir()
    recorder = tmp_path / "bin" / "affectflow"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)

    def run(*arguments: str, **settings: str) -> tuple[Any, list[list[str]]]:
        recorded = tmp_path / "recorded"
        recorded.write_text("")
        environment = {
            "PATH": f"{recorder.parent}{os.pathsep}{os.environ['PATH']}",
            "RECORDED": str(recorded),
            **settings,
        }
        done = subprocess.run(
            ["bash", str(SCRIPT), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done, [json.loads(line) for line in recorded.read_text().splitlines()]

    return run


def recorded_commands(script: Any, **settings: str) -> dict[str, list[str]]:
    done, lines = script("jsonl", "gs://af-bucket/*.jsonl", **SETTINGS, **settings)
    assert done.returncode == 0, done.stderr
    return {line[0]: line for line in lines}


def behind(line: list[str]) -> list[str]:
    """Returns Beam's options: what follows `--`."""
    return line[line.index("--") + 1 :]


# -- the script --------------------------------------------------------------------


def test_the_script_is_clean_shell(shellcheck):
    done = subprocess.run(
        [shellcheck, str(SCRIPT)], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""


def test_the_stages_follow_one_another_on_one_lake(script):
    commands = recorded_commands(script)

    assert list(commands) == ["ingest", "annotate", "mine"]
    assert all(LAKE in line for line in commands.values())
    ingest = commands["ingest"]
    assert (
        ingest[ingest.index("--speaker-key-uri") + 1] == "gs://af-keys/affectflow.key"
    )


@pytest.mark.parametrize("command", ["ingest", "annotate", "mine"])
def test_the_command_line_knows_every_option_of_the_script(script, command):
    given = {"ACCELERATOR": ACCELERATOR, "MIN_RAM": "30GB", "MODEL": "org/name"}
    line = recorded_commands(script, **given)[command]
    ours = line[1 : line.index("--")]
    group: Any = typer.main.get_command(app)
    known = {name for each in group.commands[command].params for name in each.opts}

    assert {word for word in ours if word.startswith("--")} <= known


@pytest.mark.parametrize("command", ["ingest", "annotate", "mine"])
def test_beam_knows_every_option_behind_the_dashes(script, command):
    settings = {"WHEEL": "affectflow.whl", "SERVICE_ACCOUNT": "a@b", "DRY_RUN": "1"}

    runners.options(behind(recorded_commands(script, **settings)[command]))


def test_no_quote_and_no_blank_is_lost_on_the_way(script):
    line = recorded_commands(script, ACCELERATOR=ACCELERATOR, MODEL="a model")[
        "annotate"
    ]

    assert line[line.index("--accelerator") + 1] == ACCELERATOR
    assert line[line.index("--model") + 1] == "a model"


@pytest.mark.parametrize(
    ("lacking", "cure"),
    [
        pytest.param("PROJECT", "set PROJECT", id="project"),
        pytest.param("KEYS", "set KEYS", id="keys"),
        pytest.param("IMAGE", "set IMAGE or WHEEL", id="image"),
    ],
)
def test_a_setting_that_lacks_is_named_before_anything_runs(script, lacking, cure):
    settings = {k: v for k, v in SETTINGS.items() if k != lacking}

    done, lines = script("jsonl", "gs://af-bucket/*", **settings)

    assert (done.returncode, lines) == (2, [])
    assert cure in done.stderr


@pytest.mark.dataflow
@pytest.mark.parametrize("command", ["ingest", "annotate", "mine"])
def test_the_options_of_the_script_describe_a_job(script, command):
    line = recorded_commands(script, DRY_RUN="1")[command]

    job = dry_run(stage_builds()[command], *behind(line))

    assert {
        image.container_image for image in job.pool.sdk_harness_container_images
    } == {SETTINGS["IMAGE"]}
    assert job.pool.autoscaling_settings.max_num_workers == 10


# -- the template --------------------------------------------------------------------


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that the image runs, before a lake that is out of reach."""
    spec = importlib.util.spec_from_file_location("launcher", TEMPLATE / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "Lake", FarLake)

    def run(_: Any, __: Any, build: Any, given: Any, *___: Any, **____: Any) -> Any:
        runners.run(build, given)
        return {"state": "written"}

    keep_away(monkeypatch, LAKE, run)
    reader = module.registry.load("connectors", "ReadJsonl")
    monkeypatch.setattr(reader, "check", lambda self: None)
    return module


PARAMETERS: dict[str, dict[str, str]] = {
    "ingest": {"paths": "gs://af-bucket/a,gs://af-bucket/b", "speaker_key_uri": KEY},
    "annotate": {"accelerator": ACCELERATOR, "min_ram": "30GB"},
    "mine": {"budget": "0.1"},
    "themes": {},
}


def metadata() -> dict[str, dict[str, Any]]:
    parsed = json.loads((TEMPLATE / "metadata.json").read_text())
    return {each["name"]: each for each in parsed["parameters"]}


def test_the_metadata_names_the_parameters_of_the_launcher(launcher):
    parser = launcher.parser()
    known = {a.dest: a.required for a in parser._actions if a.dest != "help"}

    assert {n: not p["isOptional"] for n, p in metadata().items()} == known


@pytest.mark.parametrize("stage", PARAMETERS)
def test_parameters_that_work_match_the_metadata(stage):
    given = {"stage": stage, "lake": LAKE, **PARAMETERS[stage]}

    for name, value in given.items():
        for regex in metadata()[name].get("regexes", ()):
            assert re.fullmatch(regex, value), name


@pytest.mark.dataflow
@pytest.mark.parametrize("stage", PARAMETERS)
def test_each_stage_of_the_template_describes_the_job_of_the_stage(launcher, stage):
    asked = PARAMETERS[stage]
    ours = [f"--{k}={v}" for k, v in {"stage": stage, "lake": LAKE, **asked}.items()]
    hints = {n: v for n, v in asked.items() if n in ("accelerator", "min_ram")}
    builds = stage_builds(paths=asked.get("paths", "gs://").split(","), **hints)

    job = described(lambda options: launcher.main([*ours, *options]))
    direct = dry_run(builds[stage])

    assert _labels(job) == _labels(direct)


def _labels(job: Any) -> set[tuple[str, str]]:
    # Source and chain are labelled by what they read; the rest is to be the same.
    return {(re.sub(r"\(.*", "", s.unique_name), s.spec.urn) for s in job.leaves()}


def test_ingest_without_paths_is_refused_in_one_line(launcher):
    with pytest.raises(UsageError, match="paths=gs://bucket"):
        launcher.main(["--stage=ingest", f"--lake={LAKE}"])


def test_the_image_is_built_from_files_that_are_there():
    text = (TEMPLATE / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)

    assert {"setup_workers.sh", "examples/flex_template/main.py"} <= set(copied)
    made_before = {"dist"} if (ROOT / ".git").exists() else {"dist", "setup_workers.sh"}
    assert {name for name in copied if not (ROOT / name).exists()} <= made_before


def test_the_image_has_one_beam_and_it_is_the_lowest_that_we_support():
    text = (TEMPLATE / "Dockerfile").read_text()
    named = re.findall(r"beam_python3\.11_sdk:([\d.]+)|--expect-beam ([\d.]+)", text)
    lowest = re.search(
        r'"apache-beam.*>=([\d.]+)"', (ROOT / "pyproject.toml").read_text()
    )

    assert lowest is not None
    assert {a or b for a, b in named} == {f"{lowest[1]}.0"}
