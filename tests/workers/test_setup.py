"""setup_workers.sh: what it says before it makes anything."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.given.worker_hosts import (
    SCRIPT,
    Host,
    assert_fails,
    entry,
    host_at,
    manifest,
    program,
    setup,
    step_lines,
    tree,
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_at(tmp_path)


def test_shellcheck_finds_nothing(shellcheck):
    done = subprocess.run(
        [shellcheck, str(SCRIPT)], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""
    assert done.returncode == 0


def test_help_names_every_option_and_every_exit_code():
    text = SCRIPT.read_text(encoding="utf-8")
    parser = text.split("parse() {")[1].split("\n}")[0]
    options = set(re.findall(r"^ +(--[a-z-]+).*\)", parser, re.MULTILINE))
    codes = set(re.findall(r"\bdie(?:_from)? (\d+) ", text))

    done = setup("--help")

    assert done.returncode == 0
    assert len(options) >= 18
    assert options <= set(re.findall(r"--[a-z-]+", done.stdout))
    assert codes >= {"10", "11", "12", "13", "14", "15", "16", "17"}
    assert codes <= set(re.findall(r"\d+", done.stdout.split("Exit codes:")[1]))


def test_the_page_on_workers_lists_every_option_and_every_exit_code():
    page = (ROOT / "docs" / "workers.md").read_text(encoding="utf-8")
    said = setup("--help").stdout
    codes = re.findall(r"\b\d+\b", said.split("Exit codes:")[1].split(", 1 ")[0])

    assert set(re.findall(r"--[a-z-]+", said)) <= set(re.findall(r"--[a-z-]+", page))
    for code in codes:
        assert f"| {code} |" in page


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param(["--colour", "red"], "unknown option '--colour'", id="unknown"),
        pytest.param(["--prefix"], "missing value: '--prefix'", id="no value"),
        pytest.param(["here"], "unexpected argument 'here'", id="argument"),
        pytest.param(["--target", "moon"], "--target is host", id="target"),
        pytest.param(["--gpu", "maybe"], "--gpu is require", id="gpu"),
        pytest.param(["--min-free-gb", "1.5"], "whole number", id="disk"),
        pytest.param(["--expect-python", "py3"], "like 3.11", id="python"),
        pytest.param(["--expect-beam", "2.7; rm"], "a version", id="beam"),
        pytest.param(["--extra", "torch,s3"], "one name", id="extra"),
        pytest.param(["--prefix", "/a'b"], "without quotes", id="prefix"),
        pytest.param(["--wheel", "/no/x.whl"], "no file '/no/x.whl'", id="wheel"),
        pytest.param(["--wheelhouse", "/no"], "no folder '/no'", id="wheelhouse"),
        pytest.param(["--without-package"], "needs --wheel", id="package"),
    ],
)
def test_a_wrong_option_is_one_line_and_2(options, problem):
    done = setup(*options)

    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert problem in line
    assert line.endswith("see --help")


def test_check_of_nothing_says_the_cure_and_makes_nothing(tmp_path):
    done = setup("--check", "--prefix", tmp_path / "none")

    assert_fails(done, 12, "is not set up")
    assert not (tmp_path / "none").exists()


def test_a_failure_is_in_the_report_too(tmp_path):
    done = setup("--check", "--json", "--prefix", tmp_path / 'no"ne')

    report = json.loads(done.stdout)
    assert report["code"] == done.returncode == 12
    assert report["problem"] == f'{tmp_path}/no"ne is not set up'
    assert "setup_workers.sh" in report["cure"]


def test_a_report_of_a_wrong_option_is_json_too():
    done = setup("--json", "--target", 'x"y')

    assert json.loads(done.stdout)["target"] == 'x"y'


def test_a_dry_run_says_what_it_would_do_and_makes_nothing(host):
    before = tree(host.folder)

    done = host.setup("--dry-run", "--expect-beam", "2.77.0")

    assert done.returncode == 0, done.stderr
    plan = " ".join(step_lines(done, "plan"))
    assert f"would build {host.prefix}/env-" in plan
    assert "would ask for apache-beam 2.77.0" in plan
    assert tree(host.folder) == before


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        pytest.param(["--python", "/no/python"], 10, "no Python at", id="no python"),
        pytest.param(["--expect-python", "3.99"], 13, "3.99 at the", id="other python"),
        pytest.param(["--min-free-gb", "99999999"], 11, "GB free", id="disk"),
        pytest.param(["--prefix", "/dev/null/x"], 11, "cannot be written", id="prefix"),
        pytest.param(["--target", "dataflow-image"], 16, "boot is missing", id="image"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(host, options, code, problem):
    done = host.setup(*options)

    assert_fails(done, code, problem)
    assert not host.prefix.exists()


def test_without_a_python_of_the_submitters_version_there_is_nothing_to_build_on(host):
    options = [o for o in host.options if o not in ("--python", sys.executable)]

    done = setup(*options, "--expect-python", "3.99")

    assert_fails(done, 10, "no python3.99 on PATH")


def test_neither_wheelhouse_nor_network_is_12(host):
    at = host.options.index("--wheelhouse")
    options = [*host.options[:at], *host.options[at + 2 :]]

    done = setup(*options)

    assert_fails(done, 12, "there is no wheelhouse, and the network is not allowed")
    assert "--online" in done.stderr.splitlines()[-1]
    assert not host.prefix.exists()


def test_a_script_alone_needs_to_be_told_the_boot_program(host):
    alone = shutil.copy(SCRIPT, host.folder / "alone.sh")
    (host.folder / "wanted.txt").write_text("apache-beam\n")

    done = setup(
        *("--requirements", host.folder / "wanted.txt", "--prefix", host.prefix),
        *("--target", "host", "--wheelhouse", host.folder / "wheelhouse"),
        script=Path(alone),
    )

    assert_fails(done, 16, "boot program is neither in the wheel nor beside")
    assert not host.prefix.exists()


def test_gpu_require_without_an_accelerator_is_15(host):
    broken = program(host.folder / "bin", "nvidia-smi", "exit 9")

    done = host.setup("--gpu", "require", path=broken)

    assert_fails(done, 15, "nvidia-smi finds no accelerator")
    assert not host.prefix.exists()


def test_an_accelerator_that_is_found_chooses_the_build_of_torch(host):
    found = program(host.folder / "bin", "nvidia-smi", "echo 'NVIDIA L4, 580.1'")

    with_gpu = host.setup("--dry-run", "--extra", "torch", path=found)
    told_cpu = host.setup("--dry-run", "--extra", "torch", "--gpu", "cpu", path=found)

    assert "accelerator=NVIDIA L4, 580.1" in with_gpu.stderr
    assert "would install torch for cuda" in with_gpu.stderr
    assert "would install torch for cpu" in told_cpu.stderr


def test_the_version_of_beam_is_read_from_what_a_job_staged(host):
    staged = host.folder / "submission_environment_dependencies.txt"
    frozen = b"absl-py==2.3\napache-beam==2.77.0\narro3-core==0.6\n"
    staged.write_text(f"Python Path: /usr/bin/python\n{frozen!s}")

    done = host.setup("--dry-run", "--expect-from", staged)

    assert "would ask for apache-beam 2.77.0" in done.stderr


def test_a_staged_list_without_a_released_beam_is_13(host):
    staged = host.folder / "submission_environment_dependencies.txt"
    staged.write_text("b'apache-beam @ file:///src/beam'")

    done = host.setup("--dry-run", "--expect-from", staged)

    assert_fails(done, 13, "no released apache-beam is listed")


@pytest.mark.parametrize("password", ["hush", "hush@hush", "hush?hush"])
def test_passwords_and_signatures_in_addresses_are_not_repeated(password):
    address = f"https://me:{password}@host/x.whl?X-Signature=hush&by=hush@host"

    done = setup("--wheel", address, "--json")

    assert "host/x.whl" in done.stderr
    assert "hush" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        pytest.param([entry(revision="main")], "entry 1 of weights.json", id="branch"),
        pytest.param([entry(), entry(sha256="")], "entry 2 of weig", id="sha256"),
        pytest.param([entry(file="../../bin/sh")], "file does not match", id="upwards"),
        pytest.param([entry(file="/etc/passwd")], "file does not match", id="absolute"),
        pytest.param([entry(model="../name")], "model does not match", id="model"),
        pytest.param([entry(url="")], "url does not match", id="url"),
        pytest.param(["org/name"], "cannot be read", id="no record"),
        pytest.param({"models": []}, "cannot be read", id="no list"),
    ],
)  # fmt: skip
def test_a_manifest_that_pins_too_little_is_14_before_anything_is_made(
    host, entries, problem
):
    done = host.setup("--weights", manifest(host.folder, entries))

    assert_fails(done, 14, problem)
    assert not host.prefix.exists()
