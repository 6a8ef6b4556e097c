import os
import subprocess
import sys
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import DirectOptions, StandardOptions
from apache_beam.options.value_provider import RuntimeValueProvider
from apache_beam.runners.portability.fn_api_runner import fn_runner

from affectflow import errors, runners
from affectflow.batches.batch import concat_unlike
from affectflow.batches.coders import decode, encode
from affectflow.errors import LakeError, UsageError
from affectflow.runners import cause_of, is_local, options, workers

MULTI = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
EMBED = ["--runner=PortableRunner", "--job_endpoint=embed"]
MODES = [
    pytest.param([], id="in_memory"),
    pytest.param(MULTI, id="multi_processing", marks=pytest.mark.slow),
    pytest.param(
        [*EMBED, "--environment_type=LOOPBACK"],
        id="portable",
        marks=[pytest.mark.slow, pytest.mark.portable],
    ),
]


def fail(_: int) -> int:
    raise UsageError("name an empty folder with --to: 'a [b] c'")


def divide(_: int) -> int:
    return 1 // 0


def cap(_: int, folder: str) -> int:
    with open(os.path.join(folder, str(os.getpid())), "w") as file:
        threads = os.environ.get("OMP_NUM_THREADS")
        place = RuntimeValueProvider.get_value("temp_location", str, None)
        file.write(f"{threads} {place}")
    return 1


def over(function, *arguments):
    """Returns what adds one step that maps `function` over a number."""

    def build(pipeline: beam.Pipeline) -> Any:
        return (
            pipeline
            | "One" >> beam.Create([1])
            | "Step" >> beam.Map(function, *arguments).with_output_types(int)
        )

    return build


# -- options -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "runner",
    ["DirectRunner", "directrunner", "direct", "FnApiRunner", "SwitchingDirectRunner"],
)
def test_every_name_of_the_local_runner_means_ours(runner):
    assert is_local(options([f"--runner={runner}"]))


def test_no_runner_means_ours():
    assert is_local(options())


@pytest.mark.parametrize("runner", ["SparkRunner", "flink", "PortableRunner"])
def test_other_runners_are_beams(runner):
    assert not is_local(options([f"--runner={runner}"]))


def test_the_local_runner_needs_no_network():
    made = runners._local_runner(options(["--runner=DirectRunner"]))

    assert isinstance(made, fn_runner.FnApiRunner)


@pytest.mark.parametrize(
    "runner", ["DaskRunner", "dask", "apache_beam.runners.dask.dask_runner.DaskRunner"]
)
def test_a_runner_that_loses_data_is_refused_with_the_reason(runner):
    with pytest.raises(UsageError, match=r"[Dd]ask.* loses data: .* another runner"):
        options([f"--runner={runner}"])


@pytest.mark.parametrize(
    ("runner", "line"),
    [
        pytest.param("SprakRunner", "did you mean SparkRunner", id="typo"),
        pytest.param("Foo", "known: .*FlinkRunner.*SparkRunner", id="nothing like"),
    ],
)
def test_a_runner_that_beam_does_not_know_is_the_callers_mistake(runner, line):
    with pytest.raises(UsageError, match=f"unknown runner '{runner}'; {line}"):
        options([f"--runner={runner}"])


def test_a_runner_of_ones_own_is_named_by_its_module():
    assert not is_local(options(["--runner=tests.runners.TheirRunner"]))

    with pytest.raises(UsageError, match=r"no module 'somebody.runners'; install it"):
        options(["--runner=somebody.runners.TheirRunner"])


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        pytest.param(
            "--direct_num_wrokers=2", "did you mean --direct_num_workers", id="typo"
        ),
        pytest.param("--nonsense", "has no option '--nonsense'", id="nothing like it"),
        pytest.param("-x", "has no option '-x'", id="one dash"),
        pytest.param("junk", "has no option 'junk'", id="no dash"),
        pytest.param(
            "--direct_num_workers=two", "invalid int value: 'two'", id="value"
        ),
    ],
)
def test_an_option_that_beam_does_not_know_is_the_callers_mistake(argument, line):
    with pytest.raises(UsageError, match=line):
        options([argument])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--direct_num_workers=2"],
        ["--direct_num_workers", "2"],
        ["--worker_machine_type=n1-standard-1"],
        ["--experiment=x", "--experiments=y"],
        ["--no_save_main_session"],
        ["--job-server-timeout=9"],
        ["--streaming"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_spelling_that_beam_knows_is_taken(arguments):
    assert options(arguments).view_as(StandardOptions).runner is None


def test_an_option_reaches_beam():
    made = options(["--direct_num_workers", "3"]).view_as(DirectOptions)

    assert made.direct_num_workers == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], 1, id="in memory"),
        pytest.param(["--direct_num_workers=4"], 1, id="in memory, whatever is said"),
        pytest.param(MULTI, 2, id="processes"),
        pytest.param([MULTI[0], "--direct_num_workers=0"], os.cpu_count(), id="all"),
    ],
)
def test_workers_of_a_local_run_are_counted(arguments, expected):
    assert workers(options(arguments)) == expected


@pytest.mark.parametrize(
    ("arguments", "mine", "expected"),
    [
        pytest.param([], None, None, id="one worker has all cores"),
        pytest.param(MULTI, None, str(max(1, (os.cpu_count() or 1) // 2)), id="shared"),
        pytest.param(MULTI, "7", "7", id="the callers own word holds"),
        pytest.param(["--runner=SparkRunner"], None, None, id="not our machine"),
    ],
)
def test_thread_pools_share_the_cores(monkeypatch, arguments, mine, expected):
    for pool in runners._THREAD_POOLS:
        monkeypatch.setenv(pool, "")
        monkeypatch.delenv(pool)
    if mine:
        monkeypatch.setenv("OMP_NUM_THREADS", mine)

    runners._cap_threads(options(arguments))

    assert os.environ.get("OMP_NUM_THREADS") == expected


# -- runs --------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", MODES)
@pytest.mark.rotated
def test_a_workers_mistake_comes_back_as_it_was_raised(arguments):
    with pytest.raises(Exception) as caught:  # noqa: PT011  each runner has its own
        runners.run(over(fail), arguments)

    found = cause_of(caught.value)

    assert type(found) is UsageError
    assert str(found) == "name an empty folder with --to: 'a [b] c'"


def test_an_error_that_is_not_ours_stays_what_it_was():
    with pytest.raises(ZeroDivisionError) as caught:
        runners.run(over(divide))

    assert cause_of(caught.value) is caught.value


@pytest.mark.slow
@pytest.mark.rotated
def test_options_and_caps_reach_worker_processes(tmp_path, monkeypatch):
    for pool in runners._THREAD_POOLS:
        monkeypatch.setenv(pool, "")
        monkeypatch.delenv(pool)

    runners.run(over(cap, str(tmp_path)), [*MULTI, "--temp_location=/place"])

    (written,) = tmp_path.iterdir()
    assert written.name != str(os.getpid()), "it ran in another process"
    assert written.read_text() == f"{max(1, (os.cpu_count() or 1) // 2)} /place"


@pytest.mark.slow
@pytest.mark.rotated
def test_batches_cross_processes(tmp_path):
    batch = pa.record_batch({"text": ["a", None, "ü"]})

    def build(pipeline: beam.Pipeline) -> Any:
        return (
            pipeline
            | beam.Create([batch, batch]).with_output_types(pa.RecordBatch)
            | beam.Reshuffle()
            | beam.Map(save, str(tmp_path)).with_output_types(int)
        )

    runners.run(build, MULTI)

    again = concat_unlike([decode(p.read_bytes()) for p in tmp_path.iterdir()])
    assert again["text"].to_pylist() == ["a", None, "ü"] * 2


def save(batch: pa.RecordBatch, folder: str) -> int:
    import uuid

    with open(os.path.join(folder, uuid.uuid4().hex), "wb") as file:
        file.write(encode(batch))
    return 1


# -- causes ------------------------------------------------------------------------


def wrapped(error, how):
    try:
        try:
            raise error
        except Exception as inner:
            if how == "cause":
                raise RuntimeError("outer") from inner
            raise RuntimeError("outer")  # noqa: B904
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize("how", ["cause", "context"])
def test_the_error_of_ours_is_found_behind_others(how):
    found = cause_of(wrapped(LakeError("no lake [while running 'A/B-12']"), how))

    assert type(found) is LakeError
    assert str(found) == "no lake"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param(
            "failed: Traceback\n  x\naffectflow.errors.LakeError: no lake at 'x' "
            "[while running 'Step']\n\nmore",
            LakeError,
            "no lake at 'x'",
            id="an error of ours",
        ),
        pytest.param(
            "affectflow.errors.UsageError: first\naffectflow.errors.LakeError: last",
            LakeError,
            "last",
            id="the last one",
        ),
        pytest.param(
            "affectflow.lake.commits.ConflictError: came first",
            errors.AffectflowError,
            "came first",
            id="one from another module",
        ),
    ],
)
def test_an_error_that_came_as_text_is_made_again(text, kind, message):
    found = cause_of(RuntimeError(text))

    assert type(found) is kind
    assert str(found) == message


def test_a_text_without_an_error_of_ours_stays():
    error = RuntimeError("ValueError: other")

    assert cause_of(error) is error


def test_importing_the_runners_starts_no_runner():
    runner = "apache_beam.runners.portability.fn_api_runner.fn_runner"
    code = f"import sys, affectflow.runners; print({runner!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.strip() == "False"
