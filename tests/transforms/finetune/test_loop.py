"""The loop: batches, steps, the epoch that is kept, and going on after a kill."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from affectflow import weights
from affectflow.errors import StorageError, UsageError
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.lesson import class_weights
from affectflow_transforms.finetune.network import groups
from affectflow_transforms.finetune.train import Finetune
from tests.given.toy_training import rows_of, save_base, write_rows

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

ROWS = np.arange(8)
PACE = loop.Pace(epochs=6, patience=2, batch=4, warmup=0.1, seed=0)


def line(rate=0.1):
    """Returns a module of one weight, and its group."""
    import torch

    module = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(1.0)
    return module, [{"params": [module.weight], "lr": rate, "peak": rate}]


def fitted(module, group, work, figures, loss=None, told=None, **pace):
    found = iter(figures)
    return loop.fit(
        module,
        group,
        np.full(8, 3),
        ROWS,
        loss or (lambda rows: module.weight.sum() ** 2),
        lambda: next(found),
        loop.Pace(**vars(PACE) | pace),
        work,
        "mark",
        (told if told is not None else []).append,
    )


def test_a_sharpness_aware_step_is_the_one_by_hand():
    import torch

    module, _ = line()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)

    loop.step(module, optimizer, lambda: module.weight.sum() ** 2 / 2, sam_rho=0.05)

    # The gradient of w^2 / 2 at 1.05 is cut to length 1: 1 - .1.
    assert float(module.weight.detach()) == pytest.approx(0.9, abs=1e-6)


def test_a_sharpness_aware_step_has_the_published_value():
    import torch

    module, _ = line()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)

    # w^2 / 2 with w = 1, rho = .05, rate = .1 gives .895; a tenth of it is not cut.
    loop.step(module, optimizer, lambda: module.weight.sum() ** 2 / 20, sam_rho=0.05)

    assert float(module.weight.detach()) == pytest.approx(1 - 0.105 / 10, abs=1e-6)


def test_every_row_is_in_one_batch_and_texts_of_like_length_go_together():
    lengths = np.random.default_rng(0).integers(3, 60, 1_000)
    rows = np.arange(1_000)

    found = loop.batches(lengths, rows, 10, seed=1, epoch=2)

    assert sorted(np.concatenate(found)) == rows.tolist()
    padded = sum(len(batch) * lengths[batch].max() for batch in found)
    assert padded < 1.1 * lengths.sum()


def test_an_epoch_has_its_own_order_and_the_same_one_each_time():
    first, again, next_one = (
        np.concatenate(loop.batches(np.ones(50), np.arange(50), 5, 0, epoch)).tolist()
        for epoch in (0, 0, 1)
    )

    assert first == again != next_one


def test_it_stops_after_epochs_without_a_better_figure_and_keeps_the_best(tmp_path):
    module, group = line()
    seen = []

    def loss(rows):
        seen.append(float(module.weight.detach()))
        return module.weight.sum() ** 2

    course = fitted(module, group, tmp_path, [0.5, 0.7, 0.7, 0.6, 0.1, 0.9], loss)

    assert course.figures == [0.5, 0.7, 0.7, 0.6, 0.1]
    # Of equally good epochs, of two steps each, it is the last one.
    assert float(module.weight.detach()) == seen[6]
    assert course.best == 2


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_good_epoch(tmp_path):
    module, group = line()
    seen, told = [], []

    def loss(rows):
        seen.append(float(module.weight.detach()))
        return module.weight.sum() ** 2 * (np.nan if len(seen) > 4 else 1.0)

    course = fitted(module, group, tmp_path, [0.1, 0.2, 0.3], loss, told)

    assert course.diverged
    assert course.best == 1
    assert float(module.weight.detach()) == seen[4]
    assert told[-1].startswith("the loss is not a number in epoch 3: stopped there")


def test_weights_that_the_last_step_of_an_epoch_spoils_are_not_kept(tmp_path):
    import torch

    module, group = line()
    seen = []

    def loss(rows):
        seen.append(float(module.weight.detach()))
        # Of 0, the square root is a number, and its slope is none.
        spoilt = torch.sqrt(0 * module.weight.sum()) if len(seen) == 4 else 0
        return module.weight.sum() ** 2 + spoilt

    course = fitted(module, group, tmp_path, [0.1, 0.2, 0.3], loss)

    assert (course.figures, course.diverged) == ([0.1], True)
    assert float(module.weight.detach()) == seen[2]


def test_a_figure_that_is_not_a_number_is_not_kept(tmp_path):
    module, group = line()

    course = fitted(module, group, tmp_path, [0.1, np.nan])

    assert (course.figures, course.best, course.diverged) == ([0.1], 0, True)


def test_a_loss_that_is_never_a_number_is_refused(tmp_path):
    module, group = line()

    with pytest.raises(UsageError, match="not a number in the first epoch"):
        fitted(
            module, group, tmp_path, [0.1], lambda rows: module.weight.sum() * np.nan
        )


def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    import torch

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    module, group = line()

    with pytest.raises(StorageError, match=r"No space left on device.*: make room"):
        fitted(module, group, tmp_path, [0.1])


@pytest.mark.parametrize("what", ["damaged", "of other options"])
def test_a_checkpoint_that_cannot_be_used_is_left_out(tmp_path, what):
    module, group = line()
    fitted(module, group, tmp_path, [0.1, 0.2], epochs=2)
    file = tmp_path / loop.CHECKPOINT
    if what == "damaged":
        file.write_bytes(file.read_bytes()[:100])
    told = []
    module, group = line()
    mark = "mark" if what == "damaged" else "another"

    best, course = loop._resumed(module, None, file, mark, told.append)

    assert (best, course) == ({}, loop.Course())
    assert "begins again" in told[0]


def test_a_layer_learns_slower_than_the_one_above_it(tmp_path):
    import transformers

    save_base(tmp_path)
    module = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path)
    found = groups(module, rate=1.0, head_rate=9.0, layer_decay=0.5, shrink=0.1)
    rates = {id(w): group["peak"] for group in found for w in group["params"]}
    shrinks = {id(w): group["weight_decay"] for group in found for w in group["params"]}

    by_name = dict(module.named_parameters())
    layers = "bert.encoder.layer.{}.attention.self.query.{}"
    expected = {
        "classifier.weight": (9.0, 0.1),
        layers.format(1, "weight"): (1.0, 0.1),
        layers.format(0, "bias"): (0.5, 0.0),
        "bert.embeddings.word_embeddings.weight": (0.25, 0.1),
    }
    for name, each in expected.items():
        assert (rates[id(by_name[name])], shrinks[id(by_name[name])]) == each, name


def test_rare_labels_weigh_more():
    # (1 - .5) / (1 - .5^n) of 1 and 2 rows is 1 and 2/3; their mean is made 1.
    assert class_weights(np.array([1, 2]), 0.5).tolist() == pytest.approx([1.2, 0.8])


# -- kill -9 ---------------------------------------------------------------------------

OPTIONS = {"rate": 3e-3, "epochs": 3, "patience": 3, "device": "cpu"}
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.train import Finetune
keep = loop._keep
def killed(*given):
    keep(*given)
    if len(given[3].figures) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
loop._keep = killed
base, data, work = sys.argv[1:]
Finetune(base=base, head="one", vocabulary="three", **{options}).train_in(
    Path(work), Path(data))
"""


@pytest.mark.rotated
def test_a_killed_training_goes_on_and_ends_with_the_same_weights(tmp_path):
    base = save_base(tmp_path / "base")
    data = write_rows(tmp_path / "data", rows_of("one"))
    works = [tmp_path / name for name in ("killed", "whole")]
    for work in works:
        work.mkdir()
    script = KILLED.replace("{options}", repr(OPTIONS))
    died = subprocess.run(
        [sys.executable, "-c", script, base, data, works[0]],
        check=False,
        cwd=Path(loop.__file__).parents[2],
        timeout=90,
    )
    assert died.returncode == -signal.SIGKILL
    trainer = Finetune(base=base, head="one", vocabulary="three", **OPTIONS)
    told = []

    again, whole = (trainer.train_in(w, data, tell=told.append) for w in works)

    assert "goes on after epoch 2" in told
    assert weights.digest(again.weights) == weights.digest(whole.weights)
