"""Fuse: what is learned, what is kept of it, a lake end to end.

The embedders of the lake count letters: that a lake is labelled proves routing only.
"""

import csv
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.finetune.loop import CHECKPOINT, Pace
from affectflow_transforms.finetune.objectives import info_nce_pairwise
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.fuse import saved
from affectflow_transforms.fuse.lesson import (
    Lesson,
    Ways,
    begun,
    classified,
    contrasted,
)
from affectflow_transforms.fuse.quality import retrieved
from affectflow_transforms.fuse.rows import Examples
from affectflow_transforms.fuse.train import Fuse
from tests.given.docs_tables import ROOT
from tests.given.factories import utterances
from tests.given.fake_embedder import NamedLetters
from tests.given.fake_over import answer_over
from tests.given.people import people_say
from tests.given.stage_runs import ask, store
from tests.project.test_docs import commands, typed

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

PAGE = (ROOT / "docs" / "fuse.md").read_text(encoding="utf-8")
EMBEDDERS = (
    NamedLetters(name="reader"),
    NamedLetters(name="listener", poison="aaa one ear"),
)
IDS = tuple(sorted(each.annotator()["annotator_id"] for each in EMBEDDERS))
OPTIONS = {"width": 8, "epochs": 8, "contrast_epochs": 2, "rate": 0.02, "batch": 16}


# -- what goes together ----------------------------------------------------------------


@pytest.mark.parametrize("modalities", [2, 3])
def test_the_objective_has_its_hand_value_for_every_pair_and_their_mean(modalities):
    """Of two rows, orthonormal and alike in all modalities: -log(e / (e + 1))."""
    import torch

    found = info_nce_pairwise(torch.eye(2).repeat(modalities, 1, 1), None,
                              {"temperature": 1.0})  # fmt: skip

    assert float(found) == pytest.approx(0.3132616875, abs=1e-7)
    assert -math.log(math.e / (math.e + 1)) == pytest.approx(0.3132616875, abs=1e-9)


def views(n: int, *, is_permuted: bool) -> Examples:
    """Returns two noisy linear views of the same latent points, 8 numbers each."""
    random = np.random.default_rng(0)
    points = random.normal(size=(n, 8))
    one, other = (
        points @ random.normal(size=(8, width)) + 0.05 * random.normal(size=(n, width))
        for width in (16, 12)
    )
    if is_permuted:
        other = other[random.permutation(n)]
    return Examples(
        annotators=("one@1", "other@1"),
        vectors=[one.astype(np.float32), other.astype(np.float32)],
        there=np.ones((2, n), np.bool_),
        labels=("anger", "joy"),
        target=np.full(n, -1, np.int64),
    )


@pytest.mark.parametrize("is_permuted", [False, True])
def test_a_row_is_found_again_in_the_other_modality_unless_rows_are_permuted(
    is_permuted, tmp_path
):
    import torch

    examples = views(240, is_permuted=is_permuted)
    pace = Pace(epochs=1, patience=20, batch=40, warmup=0.0, seed=0)
    ways = Ways(width=64, temperature=0.07, drop=0.0, contrast_epochs=20, rate=3e-3,
                pace=pace)  # fmt: skip
    rows = np.arange(240)
    lesson = begun(examples, rows[:160], ways)
    contrasted(lesson, rows[:160], rows[160:200], tmp_path, "", lambda line: None)

    vectors, there = lesson.shown(rows[200:])
    with torch.inference_mode():
        found, hits = retrieved(lesson.module.projected(vectors).numpy(), there.numpy())

    assert len(found) == 80  # 40 rows, either way
    assert hits.mean() < 0.15 if is_permuted else hits.mean() > 0.95  # chance: 1/40


# -- what goes wrong -------------------------------------------------------------------


def told_apart(n: int = 120) -> tuple[Examples, Splits]:
    """Returns rows whose label is in both views, and which of them are for what."""
    examples = views(n, is_permuted=False)
    target = (examples.vectors[0][:, 0] > 0).astype(np.int64)
    rows = np.arange(n)
    splits = Splits(
        learned=rows[:80], chosen=rows[80:100], held_out=rows[100:], key="text"
    )
    return replace(examples, target=target), splits


def fitted(work: Path, tell=lambda line: None):
    """Returns what `Fuse` fits in both stages, and what happened in them."""
    examples, splits = told_apart()
    trainer = Fuse(over=("one@1", "other@1"), **OPTIONS)
    return trainer._fitted(examples, splits, work, "mark", tell, "fused")


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("stage", ["what goes together", "the labels"])
def test_a_training_that_was_stopped_in_either_stage_ends_with_the_same_weights(
    stage, tmp_path
):
    import torch

    at = []

    def stop(line):
        at.append(line)
        if f"fused: {stage}" in at and line.startswith("epoch 2"):
            raise StoppedError

    with pytest.raises(StoppedError):
        fitted(tmp_path / "stopped", stop)
    told = []
    again, _, course = fitted(tmp_path / "stopped", told.append)
    whole, _, other = fitted(tmp_path / "whole")

    assert "goes on after epoch 1" in told
    assert course == other
    weights = [lesson.module.state_dict() for lesson in (again, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Poisoned(Lesson):
    """A lesson whose loss is not a number from a batch on."""

    good: int
    seen: list[int]

    def loss(self, rows, drop=0.0):
        self.seen.append(len(rows))
        return super().loss(rows, drop) * (1 if len(self.seen) <= self.good else np.nan)


def test_a_loss_that_is_not_a_number_keeps_the_last_good_epoch(tmp_path):
    import torch

    examples, splits = told_apart()
    ways = Fuse(over=("one@1", "other@1"), **OPTIONS)._ways
    begin = begun(examples, splits.learned, ways)
    # Five batches and a look at the rows for choosing make an epoch: the third fails.
    lesson = Poisoned(**vars(begin), good=13, seen=[])
    stages = splits.learned, splits.chosen

    course = classified(lesson, *stages, tmp_path, "", lambda line: None)

    assert (len(course.figures), course.best, course.diverged) == (2, 1, True)
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)["best"]
    found = lesson.module.state_dict()
    assert all(torch.equal(found[name], kept[name]) for name in kept)
    assert all(torch.isfinite(each).all() for each in found.values())


KILLED = """
import json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from affectflow_transforms.fuse.train import Fuse
def killed(line):
    if line.startswith("fused: the labels"):
        told.append(line)
    if told and line.startswith("epoch 3"):
        os.kill(os.getpid(), signal.SIGKILL)
told = []
lake, work, over, options = sys.argv[1:]
Fuse(over=tuple(over.split(",")), **json.loads(options)).train_in(
    Path(work), Path(lake), licence="CC0-1.0", tell=killed)
"""


@pytest.mark.proof
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(lake, tmp_path):
    works = [tmp_path / name for name in ("killed", "whole")]
    for work in works:
        work.mkdir()
    given = [lake, str(works[0]), ",".join(IDS), json.dumps(OPTIONS)]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, *given],
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=120,
    )
    assert died.returncode == -signal.SIGKILL
    told = []

    again, whole = (
        Fuse(over=IDS, **OPTIONS).train_in(
            work, Path(lake), licence="CC0-1.0", tell=told.append
        )
        for work in works
    )

    # The first stage was whole, and of the second, two epochs were kept.
    assert [line for line in told if line.startswith("goes on")] == [
        "goes on after epoch 2"
    ] * 2
    files = [(each.weights / saved.FILE).read_bytes() for each in (again, whole)]
    assert files[0] == files[1]
    assert again.figures == whole.figures


# -- a lake ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """242 messages; people say `anger` of those with "a", `joy` of those with "b", of
    one in 17 the other way round.

    The second embedder fails on one, and one has nothing to embed.
    """
    uri = str(tmp_path_factory.mktemp("fused") / "lake")
    texts = [f"{'aaa' if n % 2 else 'bbb'} word {n}" for n in range(240)]
    texts += ["aaa one ear", ""]
    names = [f"test:{n}" for n in range(len(texts))]
    talks = [f"test:talk {n}" for n in range(len(texts))]
    store(uri, utterances(*texts, utterance_id=names, conversation_id=talks))
    for each in EMBEDDERS:
        answer_over(uri, each, budget=1.0)
    said = [n % 2 == 1 if n % 17 != 2 else n % 2 == 0 for n in range(240)]
    labels = ["anger" if angry else "joy" for angry in said]
    people_say(
        uri,
        [{"utterance_id": n, "label": x} for n, x in zip(names, labels, strict=False)],
    )
    return uri


@pytest.fixture(scope="module")
def trained(lake):
    """The folder that the training of the page wrote, and what it said."""
    settings = " ".join(f"--set {name}={value}" for name, value in OPTIONS.items())
    *_, command, _ = commands(PAGE)
    said = typed(f"{command} {settings} --format csv", Path(lake).parent)
    assert said.code == 0, said.err
    return Path(lake).with_name("fused"), said


@pytest.mark.rotated
def test_the_card_compares_fusion_with_each_modality_and_with_concatenation(trained):
    out, said = trained

    told = {tuple(row[:2]): row[2:] for row in csv.reader(said.out.splitlines())}
    assert "rows choose the epoch, which is close to chance" in said.err
    assert f"annotate LAKE --model fused --over {','.join(IDS)} (" in said.err
    compared = ["(macro)", "without the contrastive stage"]
    compared += [
        f"{how} {who} alone" for who in IDS for how in ("learned from", "shown")
    ]
    for each in compared:
        value, low, high = map(float, told["f1", each])
        # Of the 22 rows held out, the labels of two are wrong on purpose.
        assert (value, low < value < high) == (pytest.approx(20 / 22), True)
    assert 0 < float(told["retrieval_at_1", "(pairs)"][0]) <= 1
    card = (out / "MODEL_CARD.md").read_text("utf-8")
    assert "license: cc-by-nc-4.0" in card
    assert "labelled rows, by a hash of `conversation_id`" in card


@pytest.mark.rotated
def test_the_page_shows_whose_vectors_are_in_a_lake(lake):
    query = next(each for each in commands(PAGE) if " sql " in each)

    said = typed(f"{query} --format csv", Path(lake).parent)

    assert {line.split(",")[0] for line in said.out.splitlines()[1:]} == set(IDS)


@pytest.mark.rotated
def test_a_lake_is_labelled_by_the_last_command_of_the_page(lake, trained):
    *_, command = commands(PAGE)

    done = typed(command, Path(lake).parent)

    assert done.code == 0, done.err
    found = ask(
        lake,
        "SELECT utterance_id, coalesce(label, status) FROM annotations "
        "WHERE annotator_id LIKE 'FusedClassifier@%' AND (chosen OR label IS NULL)",
    )
    told = dict(found)
    assert len(told) == 242
    assert told["test:240"] == "anger"  # by the first embedder alone
    assert told["test:241"] == "abstained"
    assert {told["test:0"], told["test:2"]} == {"joy"}
    rows = ask(lake, "SELECT over, licence FROM annotators WHERE over IS NOT NULL")
    assert rows == [(",".join(IDS), "cc-by-nc-4.0")]


@pytest.mark.proof
def test_the_same_lake_options_and_seed_give_the_same_bytes(lake, trained, tmp_path):
    out, _ = trained

    again = Fuse(over=("reader@", "listener@"), **OPTIONS).train_in(
        tmp_path, Path(lake), licence="CC BY-NC 4.0"
    )

    assert (again.weights / saved.FILE).read_bytes() == (out / saved.FILE).read_bytes()


@pytest.mark.proof
def test_what_cannot_be_fused_is_refused_in_one_line(lake, tmp_path):
    usual = Fuse(over=IDS)
    refused = {
        "over": (replace(usual, over=(IDS[0], IDS[0])), "two annotators of vectors"),
        "task": (replace(usual, task="mood"), "'mood' are none: label more"),
        "labels": (replace(usual, annotator="nobody"), "'nobody' has labelled this"),
        "key": (replace(usual, split_by="who"), "has no column 'who'"),
    }
    for trainer, words in refused.values():
        with pytest.raises(UsageError, match=words) as caught:
            trainer.train_in(tmp_path, Path(lake))
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="`over` must be two annotators or more, got "):
        registry.make("trainers", "fuse", {"over": "one@1"})
