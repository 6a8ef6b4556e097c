"""The benchmark for GPUs, at the size that it has without one."""

import re
import subprocess
import sys

import pytest

from tests.bench import gpu
from tests.conftest import ROOT
from tests.given.tiny_classifier import TEXTS, WORDS, save_tokenizer


@pytest.mark.torch
@pytest.mark.proof
def test_it_compares_three_ways_and_answers_all_texts_when_memory_runs_out(tmp_path):
    save_tokenizer(tmp_path / "tokenizer", WORDS, 512)
    (tmp_path / "texts.tsv").write_text("\n".join(TEXTS))
    given = {"data": tmp_path / "texts.tsv", "tokenizer": tmp_path / "tokenizer"}

    # In a process of its own: torch may not recover from having no memory left.
    options = [f"--{name}={value}" for name, value in given.items()]
    command = ["-m", "tests.bench.gpu", *options, "--device=cpu", "--texts=12"]
    done = subprocess.run(
        [sys.executable, *command, "--rounds=1"],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert re.findall(r"texts/s.*: (.*)", said) == [
        "pipeline, batch_size=64",
        "bare loop",
        "SequenceClassifier",
    ]
    assert re.search(r"out of memory [1-9]\d* times: 50 of 50 texts answered", said)


def test_the_operations_of_a_text_are_those_of_its_matrix_products():
    import numpy as np

    shape = gpu.Shape(layers=1, hidden=2, heads=1)

    # Three tokens: 12 x 2 x 2 weights, a multiplication and an addition each, and
    # attention: each token to each of three, over two numbers, there and back.
    assert shape.operations(np.array([3])) == 3 * 2 * 48 + 2 * (2 * 3 * 3 * 2)
