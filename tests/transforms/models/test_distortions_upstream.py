"""Row 43 of the literature: distortions in posts, against what says nothing of them.

SocialCD-3k (HongzhiQ/SupervisedVsLLM-EfficacyEval, `data/SocialCD-3k`) states no
licence: it is read where it lies, and is no part of the project.
"""

import csv
import itertools
import os
import random
from pathlib import Path

import numpy as np
import pytest

from affectflow_transforms.models.emotions import fit
from affectflow_transforms.models.emotions.fit import Examples

UPSTREAM = os.environ.get("AFFECTFLOW_UPSTREAM", "")
TRAIN, TEST = "train_data_with_header.tsv", "test_data_with_header.tsv"
LABELS, ROWS = 12, (2_725, 682)


def read(path):
    """Returns texts, and which of the labels each has: columns of 0 and 1 before it."""
    with path.open(encoding="utf-8", newline="") as lines:
        _, *rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row[-1] for row in rows], np.array([row[:-1] for row in rows]) == "1"


def figures(train, test):
    """Returns the micro-F1 of our n-grams, the same on shuffled labels, and majority.

    Majority says of each text the label that most texts of `train` have: what would
    be most often right, as no label is on most of them.
    """
    (texts, y), (asked, truth) = train, test
    blocks = fit.grams_of(texts)
    vocabulary = fit.choose_features(blocks)
    x, new = (fit.scaled(b, vocabulary) for b in (blocks, fit.grams_of(asked)))
    shuffled = y[np.random.default_rng(1).permutation(len(y))]
    learned, by_chance = (
        fit.micro_f1(fit.fit_linear(Examples.sure(x, labels)).decide(new) > 0, truth)
        for labels in (y, shuffled)
    )
    always = np.zeros_like(truth)
    always[:, y.sum(axis=0).argmax()] = True
    return learned, by_chance, fit.micro_f1(always, truth)


def written(path, n, seed):
    """Writes posts of which a word tells each label, in the shape of the data set."""
    drawn = random.Random(seed)
    words = ("always", "everyone", "should", "never")
    rows = [[int(drawn.random() < 0.4) for _ in words] for _ in range(n)]
    lines = [
        [*map(str, row), " ".join(["it", *itertools.compress(words, row)])]
        for row in rows
    ]
    content = "\n".join("\t".join(line) for line in [[*words, "text"], *lines])
    path.write_text(content, "utf-8")
    return path


def test_what_a_word_tells_is_learned_and_neither_chance_nor_majority_reach_it(
    tmp_path,
):
    files = (written(tmp_path / name, n, n) for name, n in (("a", 200), ("b", 60)))

    learned, by_chance, majority = figures(*map(read, files))

    assert learned > 0.95
    assert max(by_chance, majority) < 0.75


@pytest.mark.skipif(not UPSTREAM, reason="AFFECTFLOW_UPSTREAM names no folder")
def test_distortions_of_the_public_set_are_learned_better_than_by_chance():
    train, test = (read(next(Path(UPSTREAM).rglob(name))) for name in (TRAIN, TEST))
    assert (len(train[0]), len(test[0])) == ROWS
    assert train[1].shape[1] == test[1].shape[1] == LABELS

    learned, by_chance, majority = figures(train, test)

    print(f"micro-F1 {learned:.3f}; shuffled {by_chance:.3f}; majority {majority:.3f}")
    assert learned > max(by_chance, majority)
