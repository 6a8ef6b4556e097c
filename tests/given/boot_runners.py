"""A runner that tells a boot program what its job staged, over real gRPC."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from apache_beam.portability.api import (
    beam_artifact_api_pb2,
    beam_artifact_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
)

from affectflow import boot
from tests.given.worker_hosts import wheel


class Runner(
    beam_provision_api_pb2_grpc.ProvisionServiceServicer,
    beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceServicer,
):
    """What a runner tells a worker, and the files that a job staged."""

    def __init__(self) -> None:
        self.address = ""
        self.dependencies: list[beam_runner_api_pb2.ArtifactInformation] = []
        self.fetched: list[str] = []
        self.silent = ""
        self.job_name = "a job"

    def stage(self, path: Path, name: str = "", sha256: str = "") -> None:
        self.dependencies.append(
            beam_runner_api_pb2.ArtifactInformation(
                type_urn="beam:artifact:type:file:v1",
                type_payload=beam_runner_api_pb2.ArtifactFilePayload(
                    path=str(path), sha256=sha256
                ).SerializeToString(),
                role_urn="beam:artifact:role:staging_to:v1",
                role_payload=beam_runner_api_pb2.ArtifactStagingToRolePayload(
                    staged_name=name or path.name
                ).SerializeToString(),
            )
        )

    def wait_if_silent(self, call: str, context: Any) -> None:
        while self.silent == call and context.is_active():
            time.sleep(0.02)

    def GetProvisionInfo(self, request: Any, context: Any = None) -> Any:  # noqa: N802
        self.wait_if_silent("GetProvisionInfo", context)
        info = beam_provision_api_pb2.ProvisionInfo(dependencies=self.dependencies)
        info.artifact_endpoint.url = self.address
        info.control_endpoint.url = "localhost:1"
        info.logging_endpoint.url = "localhost:2"
        info.pipeline_options.update({"beam:option:job_name:v1": self.job_name})
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)

    def ResolveArtifacts(self, request: Any, context: Any = None) -> Any:  # noqa: N802
        self.wait_if_silent("ResolveArtifacts", context)
        return beam_artifact_api_pb2.ResolveArtifactsResponse(
            replacements=request.artifacts
        )

    def GetArtifact(  # noqa: N802
        self, request: Any, context: Any = None
    ) -> Iterator[Any]:
        self.wait_if_silent("GetArtifact", context)
        payload = beam_runner_api_pb2.ArtifactFilePayload.FromString(
            request.artifact.type_payload
        )
        self.fetched.append(payload.path)
        content = Path(payload.path).read_bytes()
        for start in range(0, len(content), 1000):
            chunk = content[start : start + 1000]
            yield beam_artifact_api_pb2.GetArtifactResponse(data=chunk)


@contextmanager
def serving() -> Iterator[Runner]:
    """A runner that answers while the block runs."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    made = Runner()
    beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(made, server)
    beam_artifact_api_pb2_grpc.add_ArtifactRetrievalServiceServicer_to_server(
        made, server
    )
    made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield made
    finally:
        server.stop(0).wait(10)


def greeting(folder: Path) -> Path:
    """A wheel with one module, `greeting`."""
    files = {"greeting/__init__.py": "WORD = 'hello'\n"}
    return wheel(folder, "greeting", "1.0", files=files)


def stage_package(runner: Runner, wheel: Path, folder: Path) -> None:
    listing = folder / "extra_packages.txt"
    listing.write_text(wheel.name + "\n")
    runner.stage(wheel)
    runner.stage(listing)


def arguments(runner: Runner) -> list[str]:
    return ["--id=1-1", f"--provision_endpoint={runner.address}"]


def given(runner: Runner) -> argparse.Namespace:
    return boot._parser().parse_args(arguments(runner))


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "boot.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def printed(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, env=environment, text=True).strip()
