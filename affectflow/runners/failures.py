"""Turns what a runner raised into one line that the user can act on."""

import re

from affectflow import errors
from affectflow.errors import UsageError

_WHILE_RUNNING = re.compile(r"\s*\[while running '.*?'\]", re.DOTALL)
_RAISED = re.compile(
    r"^(?:\S+Error: )*affectflow\.(?:[\w.]+\.)?(\w+Error): (.*)$", re.MULTILINE
)
# An engine's message when a worker could not start, and what to do.
_KNOWN = (
    (
        r"No module named '(affectflow\w*)'",
        "{0} is missing on a worker: stage affectflow's wheel with --extra_package "
        "affectflow-VERSION.whl, or install it with setup_workers.sh --wheel",
    ),
    (
        r"No module named '([\w.]+)'",
        "the module {0} is missing on a worker: install it there with "
        "setup_workers.sh, or stage its wheel with --extra_package",
    ),
    (
        r"(?:exit|exited with) code 13\b",
        "apache-beam or Python on a worker differs from this driver's: boot.log on the "
        "worker says which; setup_workers.sh --expect-beam installs the same version",
    ),
    (
        r"(?:exit|exited with) code 14\b",
        "a worker has no affectflow, or a different version from this driver's: stage "
        "affectflow's wheel with --extra_package affectflow-VERSION.whl, or install "
        "it there with setup_workers.sh --wheel",
    ),
    (
        r"(?:exit|exited with) code 12\b",
        "a worker could not install what the job staged: boot.log on the worker says "
        "why; setup_workers.sh installs the dependencies beforehand",
    ),
    (
        r"Process died with exit code (\d+)",
        "a worker exited with code {0} at start: boot.log on the worker says why; "
        "setup_workers.sh --check finds what is missing",
    ),
    (
        r"Cannot run program \"([^\"]+)\"",
        "a worker does not have the program {0}, the command in --environment_config: "
        "setup_workers.sh puts one at the same path on every node",
    ),
    (
        r"InvalidClassException|serialVersionUID",
        "the cluster runs a different Spark from the job server's jar: submit an "
        "executable jar with spark-submit (--output_executable_path), or use a jar "
        "of the cluster's version",
    ),
    (
        r"All masters are unresponsive",
        "the Spark master is gone, or its version differs from the job server's jar: "
        "see its log",
    ),
    (
        r"UnsupportedClassVersionError|Unsupported major\.minor",
        "this Java is too old for Beam's job server: install a JDK 17",
    ),
    (
        r"Address already in use|BindException",
        "a port that the engine needs is taken: stop the program that listens there, "
        "or choose another port",
    ),
    (
        r"CUDA out of memory|torch\S*\.OutOfMemoryError",
        "an accelerator ran out of memory: let fewer processes share it (one worker "
        "per device), or use one with more memory; then run the same command "
        "again",
    ),
    (
        r"java\.lang\.OutOfMemoryError|GC overhead limit",
        "the engine ran out of memory: give executors more (spark.executor.memory and "
        "spark.executor.memoryOverhead), then run the same command again",
    ),
    (
        r"Unable to fetch remote job server jar|Unable to download",
        "Beam cannot fetch its job server's jar: download it another way and name it "
        "with --spark_job_server_jar",
    ),
    (
        r"Unable to fetch remote prism binary",
        "Beam cannot fetch Prism: download it another way and name its program with "
        "--prism_location",
    ),
    (
        r"Exec format error: '([^']+)'",
        "{0} does not run on this machine: fix the option that names it",
    ),
    (
        r"Service failed to start up",
        "Beam's job server did not start: try `java -version`; it needs a JDK 11 or "
        "17, and the jar must be whole",
    ),
)


def cause_of(error: BaseException) -> BaseException:
    """Returns the affectflow error behind what a runner raised, else `error`.

    A runner re-raises an error with the step's name in its message or, from another
    process, as text; both are undone. A cluster's message about a worker that could not
    start becomes a line that says what to do.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, KeyboardInterrupt | errors.TerminatedError):
            # Beam treats a signal in one of our steps as an error of that step.
            return type(seen)(_WHILE_RUNNING.sub("", str(seen)) or "interrupted")
        if isinstance(seen, errors.AffectflowError):
            return type(seen)(_WHILE_RUNNING.sub("", str(seen)))
        seen = seen.__cause__ or seen.__context__
    if str(error).startswith("KeyboardInterrupt [while running"):
        return KeyboardInterrupt("interrupted")
    return _from_text(str(error)) or error


def _from_text(text: str) -> BaseException | None:
    raised = _RAISED.findall(text)
    if raised:
        name, message = raised[-1]
        kind = getattr(errors, name, errors.AffectflowError)
        found: BaseException = kind(_WHILE_RUNNING.sub("", message))
        return found
    for pattern, line in _KNOWN:
        match = re.search(pattern, text)
        if match:
            return UsageError(line.format(*match.groups()))
    return None
