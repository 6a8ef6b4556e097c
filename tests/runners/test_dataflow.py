"""Dataflow jobs of the real stages, built offline and looked at; none is run.

This shows what is submitted. It cannot show rights, quotas, the pull of the image, the
driver of the accelerator, or how the service fuses and scales.
"""

import socket
import zipfile
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as protos
from apache_beam.portability.common_urns import resource_hints

import affectflow
from affectflow.errors import UsageError
from affectflow.runners import dataflow
from tests.given.dataflow_jobs import ACCELERATOR, DryRun, dry_run, stage_builds

pytestmark = pytest.mark.dataflow

IMAGE = "us-docker.pkg.dev/af-project/af/affectflow:0.1.0"
STAGES = ("ingest", "annotate", "mine", "themes")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any look at the network is an error."""

    def refuse(*address: Any) -> None:
        raise AssertionError(f"the dry run looked for {address}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wheel") / "affectflow-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        package = Path(affectflow.__file__).parent
        for source in package.rglob("*.py"):
            archive.write(source, source.relative_to(package.parent))
    return path


@pytest.fixture(scope="module")
def jobs(wheel: Path) -> dict[str, DryRun]:
    """The job of each stage, with an accelerator for the model."""
    builds = stage_builds(accelerator=ACCELERATOR, min_ram="30GB")
    arguments = (
        f"--sdk_container_image={IMAGE}",
        f"--extra_package={wheel}",
        "--machine_type=n2-standard-4",
        "--disk_size_gb=60",
        "--max_num_workers=9",
        "--dataflow_service_options=enable_google_cloud_profiler",
    )
    return {stage: dry_run(builds[stage], *arguments) for stage in STAGES}


@pytest.fixture(params=STAGES)
def job(jobs: dict[str, DryRun], request: pytest.FixtureRequest) -> DryRun:
    return jobs[request.param]


# -- every stage -------------------------------------------------------------------


def test_every_step_runs_in_our_image(job):
    for environment in job.parts.environments.values():
        assert environment.urn == "beam:env:docker:v1"
        payload = protos.DockerPayload.FromString(environment.payload)
        assert payload.container_image == IMAGE
    for image in job.pool.sdk_harness_container_images:
        assert image.container_image == IMAGE


def test_our_wheel_is_staged_and_the_main_session_is_not(job, wheel):
    assert wheel.name in job.staged_names()
    assert "extra_packages.txt" in job.staged_names()
    assert "pickled_main_session" not in job.staged_names()


def test_workers_are_told_the_version_of_beam_that_submitted(job):
    version = beam.version.__version__

    for environment in job.parts.environments.values():
        (sdk,) = [
            each
            for each in environment.capabilities
            if each.startswith("beam:version:sdk_base:")
        ]
        assert sdk.endswith(f":{version}")


def test_the_pool_has_the_machines_that_were_asked_for(job):
    assert job.pool.machine_type == "n2-standard-4"
    assert job.pool.disk_size_gb == 60
    assert job.pool.autoscaling_settings.max_num_workers == 9
    assert "enable_google_cloud_profiler" in job.environment.service_options


def test_nothing_is_unbounded_and_the_job_is_small(job):
    bounded = {each.is_bounded for each in job.parts.pcollections.values()}

    assert bounded == {protos.IsBounded.BOUNDED}
    assert job.proto.ByteSize() < 200_000


# -- the model ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urn", "value"),
    [
        pytest.param(
            resource_hints.ACCELERATOR.urn, ACCELERATOR.encode(), id="accelerator"
        ),
        pytest.param(resource_hints.MIN_RAM_BYTES.urn, b"30000000000", id="memory"),
    ],
)
def test_only_the_step_of_the_model_asks_for_its_machine(jobs, urn, value):
    assert jobs["annotate"].hinted_steps(urn) == {
        "Annotate/Work/RunInference/BeamML_RunInference": value
    }
    for stage in ("ingest", "mine", "themes"):
        assert jobs[stage].hinted_steps(urn) == {}


def test_the_parts_are_spread_right_before_the_model(jobs):
    parts = jobs["annotate"].parts
    steps = {step.unique_name: step for step in parts.transforms.values()}
    (model_input,) = steps["Annotate/Work/RunInference"].inputs.values()
    spread = steps["Annotate/Spread"]

    assert spread.spec.urn == "beam:transform:reshuffle:v1"
    assert list(spread.outputs.values()) == [model_input]


def test_an_accelerated_worker_has_one_process_and_so_one_model(jobs):
    annotate = jobs["annotate"]

    assert "no_use_multiple_sdk_containers" in annotate.experiments
    assert "use_multiple_sdk_containers" not in annotate.experiments
    assert annotate.pool.num_threads_per_worker == dataflow.THREADS


def test_stages_without_a_model_keep_a_process_for_each_cpu(jobs):
    for stage in ("ingest", "mine", "themes"):
        assert "use_multiple_sdk_containers" in jobs[stage].experiments
        assert "no_use_multiple_sdk_containers" not in jobs[stage].experiments


def test_a_model_on_cpus_keeps_a_process_for_each_of_them():
    job = dry_run(stage_builds()["annotate"])

    assert "use_multiple_sdk_containers" in job.experiments
    assert job.pool.num_threads_per_worker == dataflow.THREADS
    assert job.hinted_steps(resource_hints.ACCELERATOR.urn) == {}


def test_an_accelerator_for_all_machines_is_a_service_option_and_no_hint():
    option = f"worker_accelerator={ACCELERATOR}"

    job = dry_run(stage_builds()["annotate"], f"--dataflow_service_options={option}")

    assert option in job.environment.service_options
    assert job.hinted_steps(resource_hints.ACCELERATOR.urn) == {}
    assert "no_use_multiple_sdk_containers" in job.experiments


def test_what_the_user_says_about_processes_and_threads_holds():
    job = dry_run(
        stage_builds(accelerator=ACCELERATOR)["annotate"],
        "--experiments=use_multiple_sdk_containers",
        "--number_of_worker_harness_threads=7",
    )

    assert "no_use_multiple_sdk_containers" not in job.experiments
    assert job.pool.num_threads_per_worker == 7


def test_with_mps_processes_share_the_gpu_and_none_is_taken_away():
    job = dry_run(stage_builds(accelerator=f"{ACCELERATOR};use_nvidia_mps")["annotate"])

    assert "no_use_multiple_sdk_containers" not in job.experiments
    assert not job.pool.num_threads_per_worker


# -- refused before anything is sent -------------------------------------------------


def test_an_accelerator_asked_for_twice_is_refused():
    build = stage_builds(accelerator=ACCELERATOR)["annotate"]

    with pytest.raises(UsageError, match=r"requested twice: .*remove one of them"):
        dry_run(build, f"--dataflow_service_options=worker_accelerator={ACCELERATOR}")


def test_a_lake_on_this_machine_is_refused(tmp_path):
    build = stage_builds(lake=str(tmp_path))["annotate"]

    with pytest.raises(UsageError, match=r"cannot see the lake .*gs://bucket/lake"):
        dry_run(build)
