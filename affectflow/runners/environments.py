"""Checks the workers given by `--environment_type`, and sets what they need."""

import difflib
import json
import os
import shutil
import sys
from typing import Any

from apache_beam.options.pipeline_options import (
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
)

from affectflow import __version__
from affectflow.boot import DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON
from affectflow.errors import UsageError
from affectflow.runners.engines import answers, is_embedded, parsed
from affectflow.runners.job_servers import on_loopback

CACHE_MILLIS = 3_600_000
_KINDS = ("DOCKER", "PROCESS", "EXTERNAL", "LOOPBACK")
_URN = "beam:env:"
_PROCESS = (
    "--environment_type=PROCESS and --environment_config="
    """'{"command": "/opt/affectflow/bin/affectflow-boot"}'"""
)
_SETUP = "setup_workers.sh puts one at PREFIX/bin/affectflow-boot"


def prepare(made: PipelineOptions, engine: str) -> None:
    """Refuses workers that cannot start, and sets what affectflow's workers need.

    Raises:
      UsageError: the environment is malformed or missing; says what to do.
    """
    portable = made.view_as(PortableOptions)
    _check_kind(portable)
    if engine in ("spark", "flink") and not portable.environment_cache_millis:
        # Otherwise a worker, including its model, may be started again for each task.
        portable.environment_cache_millis = CACHE_MILLIS
    kind = portable.environment_type
    if kind == "PROCESS":
        _prepare_process(portable, here=_on_this_host(made, engine))
    elif kind == "EXTERNAL":
        _check_pool(portable, here=_on_this_host(made, engine))
    elif kind in (None, "DOCKER") and engine in ("spark", "flink"):
        _check_docker(made)


def _check_kind(portable: PortableOptions) -> None:
    """Refuses an unknown kind; replaces the URN of a known one by its name."""
    kind = portable.environment_type
    if kind and kind.startswith(_URN):
        name = kind.removeprefix(_URN).partition(":")[0].upper()
        portable.environment_type = name if name in _KINDS else kind
    elif kind and kind not in _KINDS:
        near = difflib.get_close_matches(kind.upper(), _KINDS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"--environment_type must be one of {', '.join(_KINDS)}, in capital "
            f"letters, got {kind!r}{hint}"
        )


def _on_this_host(made: PipelineOptions, engine: str) -> bool:
    if made.view_as(PortableOptions).output_executable_path:
        return False
    if engine == "prism" or is_embedded(made):
        return True
    url = made.view_as(SparkRunnerOptions).spark_master_url
    return engine == "spark" and on_loopback(url)


def _check_docker(made: PipelineOptions) -> None:
    portable = made.view_as(PortableOptions)
    if portable.environment_type is None and is_embedded(made):
        return
    if shutil.which("docker"):
        return
    if portable.output_executable_path:
        if portable.environment_type is None:
            raise UsageError(
                f"the jar's workers would start in Docker: give {_PROCESS} ({_SETUP}), "
                "or --environment_type=DOCKER if the nodes have it"
            )
        return
    raise UsageError(
        f"workers would start in Docker, but docker is not installed: give {_PROCESS} "
        f"({_SETUP}), or --environment_type=LOOPBACK to work in this process"
    )


# -- PROCESS -----------------------------------------------------------------------


def _prepare_process(portable: PortableOptions, *, here: bool) -> None:
    config = _process_config(portable)
    command = config["command"]
    if here and not (os.path.isfile(command) and os.access(command, os.X_OK)):
        raise UsageError(f"no program at {command!r}, the workers' command: {_SETUP}")
    from apache_beam.version import __version__ as beam_version

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    driver = {
        DRIVER_BEAM: beam_version,
        DRIVER_PYTHON: python,
        DRIVER_OURS: __version__,
    }
    config["env"] = {**config.get("env", {}), **driver}
    portable.environment_config = json.dumps(config)
    portable.environment_options = []  # they are in it, and Beam takes only one


def _process_config(portable: PortableOptions) -> dict[str, Any]:
    text = portable.environment_config
    if text and portable.environment_options:
        raise UsageError(
            "--environment_config and --environment_option set the same thing; remove "
            "one of them"
        )
    config = _of_options(portable) if not text else _of_text(text)
    command, variables = config.get("command"), config.get("env", {})
    if not command or not isinstance(command, str):
        raise UsageError(
            f"--environment_type=PROCESS needs the workers' command: {_PROCESS}; "
            f"{_SETUP}"
        )
    if not isinstance(variables, dict) or not all(map(_is_text, variables.values())):
        raise UsageError(
            '"env" in --environment_config must map names to strings, such as '
            '{"HF_HOME": "/models"}; put numbers in quotes'
        )
    return config


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _of_text(text: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except ValueError:
        return {} if text.lstrip().startswith("{") else {"command": text}
    return config if isinstance(config, dict) else {}


def _of_options(portable: PortableOptions) -> dict[str, Any]:
    command = portable.lookup_environment_option("process_command")
    given = portable.lookup_environment_option("process_variables", "")
    pairs = [each.partition("=") for each in str(given).split(",") if given]
    if not all(name and equals for name, equals, _ in pairs):
        raise UsageError(
            "--environment_option=process_variables must be like A=b,C=d, got "
            f"{str(given)!r}"
        )
    return {"command": command, "env": {name: value for name, _, value in pairs}}


# -- EXTERNAL ----------------------------------------------------------------------


def _check_pool(portable: PortableOptions, *, here: bool) -> None:
    url = _pool(portable)
    address = parsed(url)
    if not address:
        raise UsageError(
            "--environment_type=EXTERNAL needs the address of a worker pool, such "
            f"as --environment_config=localhost:50000{f', not {url!r}' if url else ''}"
        )
    if here and not answers(*address):
        raise UsageError(
            f"no worker pool answers at {url!r}: start it, or fix --environment_config"
        )


def _pool(portable: PortableOptions) -> str:
    text = portable.environment_config or ""
    if not text:
        return str(portable.lookup_environment_option("external_service_address", ""))
    config = _of_text(text)
    return str(config.get("url") or config.get("command") or "")
