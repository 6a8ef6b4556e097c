"""The real stages over a lake in a bucket, built without a bucket."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2 as protos

from affectflow import registry, runners, stages
from affectflow.errors import MissingExtraError
from affectflow.runners import dataflow
from affectflow.stages import annotate, mine
from affectflow.stages.ingest import ingest
from affectflow.stages.ingest.files_read import Survey
from affectflow.stages.runs.parts import PartTask
from affectflow.stages.runs.request import Request
from affectflow.stages.themes import pipeline as themes
from tests.conftest import required

Build = Callable[[beam.Pipeline], Any]

LAKE = "gs://af-bucket/lake"
KEY = "gs://af-keys/speakers.key"
ACCELERATOR = "type:nvidia-l4;count:1;install-nvidia-driver"


OPTIONS = (
    "--runner=DataflowRunner",
    "--project=af-project",
    "--region=us-central1",
    "--temp_location=gs://af-bucket/tmp",
    "--staging_location=gs://af-bucket/staging",
    "--dry_run=True",
)


class FarLake:
    """Stands for a lake in a bucket that cannot be reached from here."""

    def __init__(self, uri: str):
        self.uri = uri

    @classmethod
    def open(cls, uri: str, **_: Any) -> "FarLake":
        return cls(uri)

    create = open


def stage_builds(
    *,
    lake: str = LAKE,
    paths: Sequence[str] = ("gs://af-bucket/posts/*.jsonl",),
    key: str = KEY,
    **hints: str,
) -> dict[str, Build]:
    """Returns what each stage adds to its pipeline, by the stage's name.

    The stages look into the lake, a source looks at its files, and themes at what is
    to do, before they build; only these looks are left out.
    """
    recorded: dict[str, Build] = {}

    def record(
        _: FarLake, request: Request, build: Build, *__: Any, **___: Any
    ) -> dict[str, Any]:
        recorded[request.stage] = build
        return {"state": "written"}

    source = registry.load("connectors", "ReadJsonl")(paths=list(paths))
    with pytest.MonkeyPatch.context() as patch:
        keep_away(patch, lake, record)
        patch.setattr(type(source), "check", lambda self: None)
        stages.ingest_source(source, lake, speaker_key_uri=key)
        stages.annotate_lake(lake, **hints)
        stages.mine_lake(lake)
    return recorded


def keep_away(
    patch: pytest.MonkeyPatch, lake: str, run: Callable[..., dict[str, Any]]
) -> None:
    """Keeps the stages from a lake out of reach, and gives `run` what they would run.

    Args:
      patch: undoes it.
      lake: its URL.
      run: called as `run_stage` and `run_ingest` are.
    """

    def parts(far: FarLake, task: PartTask, *rest: Any) -> dict[str, Any]:
        return run(far, task.request, *rest)

    patch.setattr("affectflow.stages.ingest.ingest.survey", lambda *_: Survey())
    for module in (annotate, mine):
        patch.setattr(module, "Lake", FarLake)
        patch.setattr(module, "run_parts", parts)
    patch.setattr(ingest, "run_ingest", run)
    patch.setattr(themes, "run_stage", run)
    patch.setattr(ingest, "_lake_for", lambda *_: FarLake(lake))
    patch.setattr(mine, "annotator_ids", lambda *_: ["EmbeddedEmotions@1"])
    patch.setattr(mine, "check_use", lambda *_: None)
    patch.setattr(themes, "unchanged_causes", lambda *_: None)


class DryRun:
    """What would have been submitted."""

    def __init__(self, options: PipelineOptions, proto: protos.Pipeline):
        from apache_beam.runners.dataflow.internal import apiclient

        self.proto = proto
        self.environment = apiclient.Environment(
            packages=[],
            options=options,
            environment_version="8",
            proto_pipeline_staged_url="gs://af-bucket/staging/pipeline.pb",
            proto_pipeline=proto,
        ).proto
        self.pool = self.environment.worker_pools[0]
        self.parts = proto.components

    @property
    def experiments(self) -> set[str]:
        return set(self.environment.experiments)

    def staged_names(self) -> set[str]:
        names = set()
        for environment in self.parts.environments.values():
            for artifact in environment.dependencies:
                role = protos.ArtifactStagingToRolePayload
                names.add(role.FromString(artifact.role_payload).staged_name)
        return names

    def leaves(self) -> Iterator[protos.PTransform]:
        for step in self.parts.transforms.values():
            if not step.subtransforms:
                yield step

    def hinted_steps(self, urn: str) -> dict[str, bytes]:
        """Returns the hint of each step that has one, by its label."""
        return {
            step.unique_name: environment.resource_hints[urn]
            for step in self.leaves()
            if step.environment_id
            for environment in [self.parts.environments[step.environment_id]]
            if urn in environment.resource_hints
        }


def dry_run(build: Build, *arguments: str) -> DryRun:
    """Submits a pipeline through `runners.run`, up to the last step before sending."""
    return described(lambda options: runners.run(build, options), *arguments)


def described(submit: Callable[[list[str]], Any], *arguments: str) -> DryRun:
    """Returns the one job that a function, given Beam's options, would have sent."""
    try:
        dataflow.check_installed()
    except MissingExtraError:
        required("dataflow", "pip install 'apache-beam[gcp]'")
    from apache_beam.runners.dataflow import dataflow_runner

    submitted: list[DryRun] = []
    run_pipeline = dataflow_runner.DataflowRunner.run_pipeline

    def record(self: Any, pipeline: beam.Pipeline, options: PipelineOptions) -> Any:
        result = run_pipeline(self, pipeline, options)
        submitted.append(DryRun(options, result.job.proto_pipeline))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataflow_runner.DataflowRunner, "run_pipeline", record)
        submit([*OPTIONS, *arguments])
    (job,) = submitted
    return job
