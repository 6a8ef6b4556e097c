"""Trainers that need no network: none breaks a licence that nobody accepted."""

import pytest

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.miners.rank.train import Causes
from affectflow_transforms.models.conversations.train import SkipChain
from affectflow_transforms.models.emotions.train import Emotions
from affectflow_transforms.models.frustration.train import Frustration
from affectflow_transforms.models.german.train import German
from affectflow_transforms.models.ss3.train import SS3
from affectflow_transforms.models.valence.train import Valence


@pytest.mark.parametrize(
    ("trainer", "files"),
    [
        (Causes, []),
        (Emotions, ["train.tsv.gz", "emotions.txt", "dev.tsv"]),
        (Frustration, ["comments.csv.gz"]),
        (German, ["de-projections.tsv", "en-annotated.tsv.gz"]),
        (SkipChain, ["dailydialog_train.json"]),
        (SS3, ["posts.csv"]),
        (Valence, ["emobank.csv"]),
    ],
)
def test_a_licence_that_forbids_passing_on_is_asked_for(trainer, files, tmp_path):
    for name in files:
        (tmp_path / name).write_text("joy\n")

    with pytest.raises(UsageError, match=r"'CC BY-ND 4.0', forbids .* accept=private"):
        trainer().train(tmp_path, licence="CC BY-ND 4.0")


def test_weights_that_must_stay_say_so_on_their_card(tmp_path):
    rows = [f"a {word},{label},t{n}" for n in range(40)
            for word, label in (("bug", "bad"), ("fix", "good"))]  # fmt: skip
    (tmp_path / "posts.csv").write_text(
        "\n".join(["text,label,conversation_id", *rows])
    )

    found = SS3(accept="private").train(tmp_path, licence="CC BY-NC-ND 4.0")

    assert "license: cc-by-nc-nd-4.0" in found.card
    assert "**Not to be passed on:** the licence of the data forbids it" in found.card


@pytest.mark.parametrize("name", registry.names("trainers"))
def test_every_trainer_takes_the_word_by_which_a_licence_is_accepted(name):
    made = registry.load("trainers", name)

    assert made.__dataclass_fields__["accept"].default == ""
