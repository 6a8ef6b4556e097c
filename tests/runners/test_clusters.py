"""Who shares a cluster's host, what it says that failed, where a written job goes."""

import pytest

from affectflow import runners
from affectflow.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "shares"),
    [
        pytest.param([], True, id="local"),
        pytest.param(["--runner=PrismRunner"], True, id="prism"),
        pytest.param(["--runner=SparkRunner"], True, id="embedded spark"),
        pytest.param(
            ["--runner=SparkRunner", "--spark_master_url=localhost:7077"],
            False,
            id="no embedded spark",
        ),
        pytest.param(
            ["--runner=SparkRunner", "--output_executable_path=/x/job.jar"],
            False,
            id="jar for a cluster",
        ),
        pytest.param(
            ["--runner=SparkRunner", "--spark_master_url=spark://h:7077"],
            False,
            id="cluster",
        ),
        pytest.param(
            [
                "--runner=SparkRunner",
                "--spark_master_url=spark://h:7077",
                "--environment_type=LOOPBACK",
            ],
            True,
            id="loopback",
        ),
        pytest.param(["--runner=DataflowRunner"], False, id="dataflow"),
    ],
)
def test_who_shares_this_host_is_known(arguments, shares):
    assert runners.shares_this_host(runners.options(arguments)) is shares


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("java.lang.IllegalStateException: Process died with exit code 13", "Python"),
        ("java.lang.IllegalStateException: Process died with exit code 12", "install"),
        ("java.lang.IllegalStateException: Process died with exit code 14", "--wheel"),
        ("ModuleNotFoundError: No module named 'affectflow'", "--extra_package"),
        ("No module named 'torch'", "setup_workers.sh"),
        ('IOException: Cannot run program "/x/boot"', "/x/boot"),
        ("InvalidClassException: x; local class serialVersionUID", "spark-submit"),
        ("java.net.BindException: Address already in use", "port"),
        ("java.lang.OutOfMemoryError: Java heap space", "memoryOverhead"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB", "fewer processes"),
        ("torch.cuda.OutOfMemoryError: HIP out of memory", "fewer processes"),
        ("Unable to fetch remote prism binary at https://x", "--prism_location"),
        ("[Errno 8] Exec format error: '/x/prism'", "/x/prism does not run"),
        ("RuntimeError: Service failed to start up with error 1", "JDK"),
    ],
)
def test_what_a_cluster_says_becomes_one_line_with_the_cure(said, cure):
    error = runners.cause_of(RuntimeError(f"Pipeline x failed in state FAILED: {said}"))

    assert isinstance(error, UsageError)
    assert cure in str(error)


def test_the_name_of_a_jar_gets_the_stage():
    given = ["--a=1", "--output_executable_path=/x/job.jar"]

    assert runners.named_after(given, "mine-1")[1].endswith("/x/job-mine-1.jar")
    assert runners.named_after([], "mine-1") == []


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ([], ""),
        (["--output_executable_path=/x/job.jar"], "/x/job.jar"),
        (["--template_location=gs://bucket/t"], "gs://bucket/t"),
        (["--dry_run=True"], "a dry run"),
    ],
)
def test_a_pipeline_that_is_only_written_names_its_place(arguments, place):
    assert runners.only_written(arguments) == place
