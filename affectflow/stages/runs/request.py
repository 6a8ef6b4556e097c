"""Requests: settings of a stage that travel with its pipeline."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from affectflow.errors import LakeError
from affectflow.lake import Lake
from affectflow.logs import host
from affectflow.people import Declared, declared
from affectflow.stages.runs.receipts import Receipt
from affectflow.storage import Storage

BUDGET = 0.05


@dataclass(frozen=True, kw_only=True)
class Request:
    """One stage of one command; plain data that travels with the pipeline.

    Args:
      lake_uri: absolute path or URL.
      run_id: of the command.
      stage: ingest, annotate, mine or themes.
      config: settings as JSON; equal settings give equal results.
      started: ISO 8601, UTC.
      budget: share of rows that may be refused, 0..1.
      speaker_key_uri: where the key is; the key itself never travels.
      annotator_id: whose answers the stage writes, mines or calibrates, if any.
      calibration_id: the calibration that the stage fits or applies, if any.
      cascade: columns of `runs` that say at which threshold a second model is asked.
      people: purpose and context; decides whether answers are allowed, not what they
        are.
    """

    lake_uri: str
    run_id: str
    stage: str
    config: str
    started: str
    budget: float = BUDGET
    speaker_key_uri: str = ""
    annotator_id: str | None = None
    calibration_id: str | None = None
    cascade: Mapping[str, float] = field(default_factory=dict, hash=False)
    people: Declared = field(default_factory=declared)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that identify the settings."""
        return _digest(self.stage, self.config)

    @property
    def name(self) -> str:
        """Identifies this stage of this command; fit for a file name."""
        return f"{self.run_id}-{self.stage}-{self.digest}"

    def open_lake(self) -> Lake:
        """Returns the lake of the run, on whatever machine this is.

        Raises:
          LakeError: this machine does not see it.
        """
        try:
            return Lake.open(self.lake_uri)
        except LakeError as error:
            raise LakeError(
                f"the worker on {host()!r} cannot see the lake at {self.lake_uri!r}: "
                "give one on a file system that all workers share, or in an object "
                f"store ({error})"
            ) from error


def config_digest(stage: str, config: dict[str, Any]) -> str:
    """Returns the digest of the requests of a stage with these settings."""
    return _digest(stage, json.dumps(config, sort_keys=True))


def _digest(stage: str, config: str) -> str:
    return hashlib.blake2b(f"{stage}\n{config}".encode(), digest_size=8).hexdigest()


def new_request(lake: Lake, stage: str, config: dict[str, Any], **rest: Any) -> Request:
    """Returns the request for a stage that begins now."""
    return Request(
        lake_uri=lake.uri,
        run_id=rest.pop("run_id", "") or new_run_id(),
        stage=stage,
        config=json.dumps(config, sort_keys=True),
        started=datetime.now(UTC).isoformat(),
        annotator_id=config.get("annotator_id"),
        calibration_id=config.get("calibration_id"),
        **rest,
    )


def new_run_id() -> str:
    """Returns an id for a command, made from the time and random digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def mark_of(receipts: Iterable[Receipt]) -> str:
    """Returns 8 hexadecimal digits that identify what one execution of a job did.

    A retried commit has the receipts of the first try. The same job submitted a second
    time (an executable jar, a template) has others, unless there was nothing to do.
    """
    done = sorted(
        json.dumps([r.unit, sorted(f.path for f in r.files), r.base, sorted(r.removes)])
        for r in receipts
        if r.files or r.removes
    )
    return hashlib.blake2b("\n".join(done).encode(), digest_size=4).hexdigest()


STAGING = "_staging"


def staging(lake: Lake, request: Request) -> str:
    """Returns the folder where a run's batches wait for their grouping."""
    return lake.storage.url(STAGING, request.name)


def clear_staging(lake: Lake, request: Request) -> None:
    """Removes what a run has put into its folder; nothing will use it again."""
    Storage(staging(lake, request)).remove_tree()
