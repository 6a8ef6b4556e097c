"""The proof of Spark: the same lake from a real cluster, whatever dies meanwhile.

The cluster has a master and two workers of one core; the workers' environment lacks
affectflow, which the job stages.
"""

import csv
import gzip
import itertools
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from affectflow.lake import Lake
from tests.conftest import required
from tests.engines.cluster import Cluster, cluster, free_port
from tests.engines.conftest import CURE, Engine, digest, job_server, spark_options
from tests.given.command_line import Outcome, affectflow_process
from tests.given.proving import in_proof
from tests.given.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.timeout(1200)]
MAPPING = "text=comment_body,utterance_id=id,conversation_id=issue_id"
STAGES = in_proof(("ingest", "annotate", "mine", "themes"), ("ingest", "annotate"))
"""What the cluster does; what is left of `analyze` is done on this machine."""


@pytest.fixture(scope="module")
def corpus(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Real comments: the first 3,000 of the file, all of them in a proof."""
    source = shared_data / "gh_incivility" / "comments.csv.gz"
    path = tmp_path_factory.mktemp("corpus") / "comments.csv"
    with gzip.open(source, "rt", encoding="utf-8", newline="") as whole:
        rows = itertools.islice(csv.reader(whole), in_proof(None, 3001))
        with path.open("w", encoding="utf-8", newline="") as part:
            csv.writer(part).writerows(rows)
    return [str(path), "--source", "csv", "--map", MAPPING]


@pytest.fixture(scope="module")
def local(corpus: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of an undisturbed run on this machine."""
    lake = tmp_path_factory.mktemp("local") / "lake"
    outcome = affectflow_process("analyze", *corpus, "--to", lake)
    assert outcome.code == 0, outcome.err
    return lake


@pytest.fixture(scope="module")
def boot_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("boot")


@pytest.fixture(scope="module")
def clustered(
    spark: Cluster,
    engine: Engine,
    corpus: list[str],
    boot_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The lake of what the stages make on the cluster."""
    folder = tmp_path_factory.mktemp("clustered")
    options = spark_options(engine, spark.url, boot_folder)
    source = (*corpus, "--to", folder / "lake", "--speaker-key-uri", folder / "key")
    apart = [("ingest", *source), ("annotate", folder / "lake")]
    for command in in_proof([("analyze", *source)], apart):
        outcome = on_cluster(*command, options=options)
        assert outcome.code == 0, outcome.err
    assert affectflow_process("mine", folder / "lake").code == 0
    return folder / "lake"


def on_cluster(*arguments: str | Path, options: list[str], **rest: str) -> Outcome:
    return affectflow_process(*arguments, "--", *options, timeout_s=900, **rest)


def booted(folder: Path, event: str) -> list[dict[str, object]]:
    lines = (folder / "boot.log").read_text().splitlines()
    return [said for said in map(json.loads, lines) if said["event"] == event]


def worker_events(spark: Cluster, event: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields executor and fields of the events that its Python worker logged."""
    for executor, log in spark.executors().items():
        for line in re.findall(rf'\{{[^{{}}]*"event": "{event}"[^{{}}]*\}}', log):
            yield executor, json.loads(line)


def test_stages_on_a_cluster_give_the_lake_of_a_local_run(local, clustered):
    assert digest(clustered) == digest(local)


def test_both_workers_worked(spark, clustered):
    done = Counter(
        (executor.split("/")[0], said["stage"])
        for executor, said in worker_events(spark, "part_done")
    )

    # Of a stage of a second or two one worker may do all before the other has begun.
    assert {worker for worker, _ in done} == {"worker-1", "worker-2"}
    assert sum(n for (_, stage), n in done.items() if stage == "annotate") == 16


def test_the_boot_ran_once_for_each_executor(spark, clustered, boot_folder):
    starts = Counter(said["executor"] for said in booted(boot_folder, "worker_starts"))

    assert set(starts.values()) == {1}
    executors = spark.executors()
    assert len(starts) == len(executors)
    # Each worker had one in each job; a slow machine may lose one that Spark replaces.
    assert len({each.rpartition("/")[0] for each in executors}) == 2 * len(STAGES)


def test_what_the_job_staged_was_installed_once_for_each_job(clustered, boot_folder):
    assert len(booted(boot_folder, "staged_installed")) == len(STAGES)


def test_the_model_was_loaded_once_for_each_worker(spark, clustered):
    loads = Counter(executor for executor, _ in worker_events(spark, "model_loaded"))
    annotated = {
        executor
        for executor, said in worker_events(spark, "part_done")
        if said["stage"] == "annotate"
    }

    assert loads == dict.fromkeys(annotated, 1)
    assert annotated


def test_the_workers_took_affectflow_from_the_job(clustered, boot_folder, engine):
    sites = [str(s["folder"]) for s in booted(boot_folder, "worker_starts")]
    bare = subprocess.run(
        [engine.boot.parent.parent / "current/bin/python", "-c", "import affectflow"],
        capture_output=True,
        cwd="/",
        check=False,
    )

    assert bare.returncode != 0
    assert all((Path(s) / "site" / "affectflow").is_dir() for s in sites)


@pytest.mark.proof
def test_a_jar_given_to_spark_submit_gives_the_same_lake(
    spark, engine, local, clustered, boot_folder, tmp_path
):
    lake, jar = unlabelled(clustered, tmp_path), tmp_path / "annotate.jar"
    options = spark_options(engine, spark.url, boot_folder)

    written = on_cluster(
        "annotate", lake, options=[*options, f"--output_executable_path={jar}"]
    )
    submit(spark, engine, jar)

    assert written.code == 0, written.err
    assert "only written" in written.err
    assert affectflow_process("mine", lake).code == 0
    assert digest(lake) == digest(local)


def submit(spark: Cluster, engine: Engine, jar: Path) -> None:
    """Runs an executable jar as users do, with the cluster's own Spark."""
    settings = {
        "spark.default.parallelism": "4",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "768m",
        "spark.ui.enabled": "false",
    }
    flags = [word for n, v in settings.items() for word in ("--conf", f"{n}={v}")]
    main_class = "org.apache.beam.runners.spark.SparkPipelineRunner"
    done = subprocess.run(
        [
            *(str(engine.home / "bin" / "spark-submit"), "--master", spark.url),
            *(*flags, "--class", main_class, str(jar)),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "SPARK_HOME": str(engine.home)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.proof
def test_embedded_spark_with_workers_in_this_process_gives_the_same_lake(
    engine, corpus, local, tmp_path
):
    options = [
        *job_server(engine),
        "--spark_master_url=local[2]",
        "--environment_type=LOOPBACK",
    ]

    outcome = on_cluster("analyze", *corpus, "--to", tmp_path / "lake", options=options)

    assert outcome.code == 0, outcome.err
    assert digest(tmp_path / "lake") == digest(local)


@pytest.mark.proof
def test_a_worker_that_dies_in_mid_run_changes_nothing(
    spark, engine, local, clustered, boot_folder, tmp_path
):
    lake = unlabelled(clustered, tmp_path)
    options = spark_options(engine, spark.url, boot_folder, spark_task_maxFailures="8")
    outcomes: list[Outcome] = []
    run = threading.Thread(
        target=lambda: outcomes.append(on_cluster("annotate", lake, options=options))
    )
    run.start()
    receipts = lake / "_work" / "annotate"
    wait_for(lambda: len(list(receipts.glob("*/*.json"))) >= 2, "2 parts", 300)
    done_before = len(list(receipts.glob("*/*.json")))

    spark.kill("worker-2")
    spark.start_worker("worker-3")
    run.join(timeout=600)

    assert done_before < 16, "the run was over before the worker died"
    assert [o.code for o in outcomes] == [0], outcomes
    assert affectflow_process("mine", lake).code == 0
    assert digest(lake) == digest(local)


def unlabelled(lake: Path, folder: Path) -> Path:
    """Returns a copy of a lake as it was before annotate, with its key."""
    copied = folder / "lake"
    shutil.copytree(lake, copied)
    shutil.copy(lake.parent / "key", folder / "key")
    for stage in ("annotate", "mine"):
        shutil.rmtree(copied / "_work" / stage)
    for table in ("annotations", "rollups", "causes", "themes", "theme_members"):
        shutil.rmtree(copied / table)
    Lake.create(str(copied), speaker_key_uri=str(folder / "key"))  # empty tables
    return copied


# -- what users get wrong ----------------------------------------------------------


def wrapped(engine: Engine, folder: Path, line: str) -> Path:
    """Returns a boot command that does something else first."""
    script = folder / "boot"
    script.write_text(f'#!/bin/sh\n{line}\nexec {engine.boot} "$@"\n')
    script.chmod(0o755)
    return script


def ingest_on(engine: Engine, folder: Path, options: list[str]) -> Outcome:
    file = folder / "posts.jsonl"
    file.write_text('{"id": "1", "text": "this is annoying"}\n')
    return on_cluster(
        *("ingest", file, "--source", "jsonl", "--map", "utterance_id=id,text=text"),
        *("--to", folder / "lake", "--speaker-key-uri", folder / "key"),
        options=options,
    )


def embedded(engine: Engine, folder: Path, boot: Path, wheel: bool = True) -> list[str]:
    made = Engine(engine.home, engine.jar, boot, engine.wheel)
    options = spark_options(made, "local[1]", folder / "boots")
    return [o for o in options if wheel or not o.startswith("--extra_package")]


@pytest.mark.proof
def test_a_worker_without_our_wheel_is_one_line(engine, tmp_path):
    outcome = ingest_on(
        engine, tmp_path, embedded(engine, tmp_path, engine.boot, wheel=False)
    )

    assert outcome.code == 2
    assert "--extra_package" in outcome.last_line


@pytest.mark.proof
def test_a_worker_with_another_beam_is_one_line(engine, tmp_path):
    boot = wrapped(engine, tmp_path, "export AFFECTFLOW_DRIVER_BEAM=2.60.0")

    outcome = ingest_on(engine, tmp_path, embedded(engine, tmp_path, boot))

    assert outcome.code == 2
    assert "apache-beam or Python on a worker differs" in outcome.last_line
    said = booted(tmp_path / "boots", "boot_failed")[0]["message"]
    assert "the driver has apache-beam 2.60.0" in str(said)


@pytest.mark.proof
def test_a_lake_that_only_the_driver_sees_is_one_line(engine, tmp_path):
    lake = tmp_path / "lake"
    hidden = '[ -n "$HIDDEN" ] || exec env HIDDEN=1 unshare -m "$0" "$@"\n'
    hidden += f"mount -t tmpfs none {lake}"
    boot = wrapped(engine, tmp_path, hidden)

    outcome = ingest_on(engine, tmp_path, embedded(engine, tmp_path, boot))

    assert outcome.code == 2
    assert "cannot see the lake" in outcome.last_line


@pytest.mark.proof
@pytest.mark.parametrize(
    ("page_is_known", "words"),
    [
        pytest.param(True, "runs Spark 3.4.4, the job server", id="before the job"),
        pytest.param(False, "Spark version as the job server's jar", id="in its time"),
    ],
)
def test_a_cluster_of_another_spark_is_one_line(
    engine, boot_folder, tmp_path, page_is_known, words
):
    home = os.environ.get("AFFECTFLOW_SPARK_OTHER_HOME", "")
    if not home:
        required("spark", CURE)
    file = tmp_path / "posts.jsonl"
    file.write_text('{"id": "1", "text": "this is annoying"}\n')
    page, nowhere = free_port(), free_port()

    with cluster(Path(home), tmp_path / "other", workers=1, page_port=page) as other:
        outcome = on_cluster(
            *(
                "ingest",
                file,
                "--source",
                "jsonl",
                "--map",
                "utterance_id=id,text=text",
            ),
            *("--to", tmp_path / "lake", "--speaker-key-uri", tmp_path / "key"),
            options=spark_options(engine, other.url, boot_folder),
            SPARK_MASTER_WEBUI_PORT=str(page if page_is_known else nowhere),
            AFFECTFLOW_START_TIMEOUT_S="30",
        )

    assert outcome.code == 2
    assert words in outcome.last_line


@pytest.mark.proof
def test_a_cluster_without_room_ends_in_time(spark, engine, boot_folder, tmp_path):
    options = spark_options(engine, spark.url, boot_folder, spark_executor_memory="64g")
    begun = time.monotonic()
    file = tmp_path / "posts.jsonl"
    file.write_text('{"id": "1", "text": "this is annoying"}\n')

    outcome = on_cluster(
        *("ingest", file, "--source", "jsonl", "--map", "utterance_id=id,text=text"),
        *("--to", tmp_path / "lake", "--speaker-key-uri", tmp_path / "key"),
        options=options,
        AFFECTFLOW_START_TIMEOUT_S="30",
    )

    assert outcome.code == 2
    assert "no worker took the job" in outcome.last_line
    assert time.monotonic() - begun < 150
