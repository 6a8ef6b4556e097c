"""Options of a Dataflow job: what cannot work is refused in one line with the cure."""

import re
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    PipelineOptions,
    SetupOptions,
)

from affectflow import runners
from affectflow.errors import MissingExtraError, UsageError
from affectflow.runners import dataflow
from affectflow.runners.engines import model_hints
from tests.given.dataflow_jobs import ACCELERATOR, stage_builds

BASE = (
    "--runner=DataflowRunner",
    "--project=af-project",
    "--region=us-central1",
    "--temp_location=gs://af-bucket/tmp",
)
GPU = f"--dataflow_service_options=worker_accelerator={ACCELERATOR}"
OLD_GPU = f"--experiments=worker_accelerator={ACCELERATOR}"
HINT = f"--resource_hint=accelerator={ACCELERATOR}"
ONE = "--experiments=no_use_multiple_sdk_containers"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """These checks look at options alone: Google's libraries need not be here."""
    monkeypatch.setattr(dataflow, "check_installed", lambda: None)


def prepared(*arguments: str) -> PipelineOptions:
    made = runners.options(arguments)
    dataflow.prepare(made)
    return made


REFUSED = [
    pytest.param([*BASE[:1], *BASE[2:]], "Dataflow needs --project=", id="no project"),
    pytest.param([*BASE[:2], BASE[3]], "Dataflow needs --region=", id="no region"),
    pytest.param(
        BASE[:3], "Dataflow needs --temp_location=gs://bucket/tmp", id="no folder"
    ),
    pytest.param(
        [*BASE[:3], "--temp_location=/tmp"], "a folder in a bucket.*'/tmp'", id="path"
    ),
    pytest.param(
        [*BASE[:3], "--temp_location=gs://af/tmp"], "3 to 63", id="short bucket"
    ),
    pytest.param(
        [*BASE[:3], "--temp_location=gs://af-bucket"], "gs://bucket/tmp", id="no slash"
    ),
    pytest.param(
        [*BASE, "--staging_location=./stage"], "--staging_location", id="staging"
    ),
    pytest.param(
        [*BASE, "--template_location=t.json"], "--template_location", id="template"
    ),
    pytest.param([*BASE, "--dry_run=False"], "leave it out", id="dry run that is one"),
    pytest.param([*BASE, GPU, HINT], "requested twice.*remove one of them", id="twice"),
    pytest.param([*BASE, OLD_GPU, HINT], "requested twice", id="twice, older name"),
]


@pytest.mark.parametrize(("arguments", "line"), REFUSED)
def test_options_that_cannot_work_are_refused_in_one_line(arguments, line):
    with pytest.raises(UsageError, match=line) as raised:
        prepared(*arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([], id="nothing more"),
        pytest.param(["--dry_run=True"], id="dry run"),
        pytest.param([GPU], id="option"),
        pytest.param([HINT], id="hint"),
        pytest.param([f"{GPU};use_nvidia_mps"], id="mps"),
        pytest.param(["--staging_location=gs://af-bucket/a/b"], id="staging"),
        pytest.param(["--temp_location=gs://af-bucket/"], id="root of a bucket"),
    ],
)
def test_options_that_work_pass(more):
    prepared(*BASE, *more)


def test_the_main_session_stays_here_unless_it_is_asked_for():
    kept = prepared(*BASE).view_as(SetupOptions)
    asked = prepared(*BASE, "--save_main_session").view_as(SetupOptions)

    assert kept.save_main_session is False
    assert asked.save_main_session is True


def test_without_googles_libraries_the_line_names_the_extra(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(dataflow.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(MissingExtraError, match=r"pip install 'affectflow\[gcp\]'"):
        prepared(*BASE)


def test_other_engines_are_left_alone(monkeypatch, tmp_path):
    def fail(_: Any) -> None:
        raise AssertionError("not asked for")

    monkeypatch.setattr(dataflow, "prepare", fail)
    monkeypatch.setattr(dataflow, "fit", fail)

    runners.run(lambda pipeline: None, ["--runner=DirectRunner"])


# -- the pipeline and its options ------------------------------------------------------


def fitted(build: Any, *arguments: str) -> None:
    # The local runner stands in, so that Beam does not look for Google's libraries.
    pipeline = beam.Pipeline(
        runner=runners._local_runner(runners.options()),
        options=prepared(*BASE, *arguments),
    )
    build(pipeline)
    dataflow.fit(pipeline)


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param({"accelerator": ACCELERATOR}, id="accelerator"),
        pytest.param({"min_ram": "30GB"}, id="memory"),
    ],
)
def test_machines_fitted_to_a_step_and_flexrs_exclude_each_other(hints):
    build = stage_builds(**hints)["annotate"]

    with pytest.raises(UsageError, match=r"--flexrs_goal .* exclude each other"):
        fitted(build, "--flexrs_goal=COST_OPTIMIZED")


MPS = f"{ACCELERATOR};use_nvidia_mps"


@pytest.mark.parametrize(
    ("hints", "options"),
    [
        pytest.param({}, [f"{GPU};use_nvidia_mps"], id="service option"),
        pytest.param({"accelerator": MPS}, [], id="hint of the step"),
        pytest.param({}, [f"--resource_hint=accelerator={MPS}"], id="hint for all"),
    ],
)
def test_processes_that_share_a_gpu_and_one_process_exclude_each_other(hints, options):
    build = stage_builds(**hints)["annotate"]

    with pytest.raises(
        UsageError, match=r"use_nvidia_mps shares .*; remove one of them"
    ):
        fitted(build, *options, ONE)


class Mask(beam.PTransform):
    """A step of somebody's own, whose attributes mean something else."""

    def __init__(self, patterns: Any, request: Any = None):
        super().__init__()
        self.patterns = patterns
        self.request = request

    def expand(self, pcoll: Any) -> Any:
        return pcoll | beam.Map(str)


@pytest.mark.parametrize("patterns", [[r"\d+"], [re.compile("a")], None])
def test_attributes_of_somebodys_own_step_are_no_paths(patterns):
    fitted(lambda pipeline: pipeline | beam.Create([1]) | Mask(patterns, "request"))


def test_a_job_without_hints_may_be_flexible():
    fitted(stage_builds()["annotate"], "--flexrs_goal=COST_OPTIMIZED")


PLACES = [
    pytest.param(
        {"lake": "/data/lake"}, "annotate", "the lake in '/data/lake'", id="lake"
    ),
    pytest.param(
        {"lake": "file:///data/lake"}, "mine", "the lake in 'file:///", id="file URL"
    ),
    pytest.param({"lake": "/data/lake"}, "themes", "the lake in '/data", id="themes"),
    pytest.param(
        {"paths": ["gs://af-bucket/a", "/posts/*.jsonl"]},
        "ingest",
        "the files in '/posts/",
        id="one source of two",
    ),
    pytest.param(
        {"key": "/keys/a.key"}, "ingest", "the speaker key in '/keys/a.key'", id="key"
    ),
    pytest.param(
        {"key": ""},
        "ingest",
        "the speaker key in your configuration folder .*--speaker-key-uri gs://",
        id="default key",
    ),
]


@pytest.mark.parametrize(("places", "stage", "line"), PLACES)
def test_a_place_that_workers_cannot_see_is_refused(places, stage, line):
    build = stage_builds(**places)[stage]

    with pytest.raises(UsageError, match=f"workers cannot see {line}"):
        fitted(build)


@pytest.mark.parametrize("lake", ["gs://af-bucket/lake", "s3://af-bucket/lake"])
@pytest.mark.parametrize("stage", ["ingest", "annotate", "mine", "themes"])
def test_a_lake_in_a_bucket_passes(lake, stage):
    fitted(stage_builds(lake=lake)[stage])


def test_the_key_is_only_needed_where_pseudonyms_are_made():
    fitted(stage_builds(key="")["annotate"])


# -- hints -----------------------------------------------------------------------


def test_hints_are_what_was_asked_for():
    assert model_hints() == {}
    assert model_hints(ACCELERATOR, "16GB") == {
        "accelerator": ACCELERATOR,
        "min_ram": "16GB",
    }


@pytest.mark.parametrize(
    ("accelerator", "min_ram", "line"),
    [
        pytest.param(
            "nvidia-l4", "", "--accelerator must be like `type:", id="no type"
        ),
        pytest.param("type:nvidia-l4;count:0", "", "--accelerator", id="none of them"),
        pytest.param("type:a100,count:1", "", "--accelerator", id="comma"),
        pytest.param("", "30", "--min-ram must be a number and a unit", id="no unit"),
        pytest.param("", "much", "got 'much'", id="no number"),
        pytest.param("", "30gb", "got '30gb'", id="small letters"),
    ],
)
def test_malformed_hints_are_refused_with_an_example(accelerator, min_ram, line):
    with pytest.raises(UsageError, match=line):
        model_hints(accelerator, min_ram)
