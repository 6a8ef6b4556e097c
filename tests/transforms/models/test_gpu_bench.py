"""The benchmark for GPUs, at the size that it has without one."""

import re

import pytest

from tests.bench import gpu
from tests.given.tiny_classifier import TEXTS, WORDS, save_tokenizer


@pytest.mark.torch
def test_it_compares_three_ways_and_answers_all_texts_when_memory_runs_out(
    tmp_path, capsys
):
    save_tokenizer(tmp_path / "tokenizer", WORDS, 512)
    (tmp_path / "texts.tsv").write_text("\n".join(TEXTS))
    given = {"data": tmp_path / "texts.tsv", "tokenizer": tmp_path / "tokenizer"}

    gpu.main(
        [f"--{name}={value}" for name, value in given.items()]
        + ["--device=cpu", "--texts=12", "--rounds=1"]
    )

    said = capsys.readouterr().out
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
