"""Finetune with words beside the encoder: what the head reads, and what is told."""

import random

import numpy as np
import pytest

from affectflow import weights
from affectflow.errors import UsageError
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.models.pretrained import pooled
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.toy_training import save_base, write_rows
from tests.given.utterance_batches import batch_of

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

# The tiny encoder knows none of them.
MOODS = [f"mood{n}" for n in range(200)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """Texts whose value is the mean of their words', with a little noise."""
    folder, chance = tmp_path_factory.mktemp("rated"), random.Random(0)
    value = {word: chance.gauss(0, 1) for word in MOODS}
    rows = []
    for _ in range(1_500):
        words = chance.choices(MOODS, k=6)
        mean = sum(value[word] for word in words) / 6 + chance.gauss(0, 0.05)
        rows.append({"text": " ".join(words), "mood": max(-4, min(4, mean))})
    write_rows(folder, rows)
    turned = list(value.values())
    chance.shuffle(turned)
    shuffled = dict(zip(MOODS, turned, strict=True))
    for name, table in (("right", value), ("shuffled", shuffled)):
        lines = "".join(f"{word}\t{number}\n" for word, number in table.items())
        (folder / f"{name}.tsv").write_text(lines)
    return folder


def fitted(base, data, work, **options):
    given = {"head": "value", "labels": ("mood",), "scale": (-4.0, 4.0),
             "vocabulary": "mood", "epochs": 8, "patience": 8, "batch": 32,
             "head_rate": 0.03} | options  # fmt: skip
    work.mkdir(exist_ok=True)
    return Finetune(base=base, device="cpu", **given).train_in(work, data)


def pearson(found):
    (figure,) = [each for each in found.figures if each.name == "pearson"]
    return figure.value


def test_a_lexicon_tells_what_the_encoder_does_not_know(base, rated, tmp_path):
    found = fitted(base, rated, tmp_path, lexica=(str(rated / "right.tsv"),))

    assert pearson(found) > 0.9
    assert "right.tsv (SHA-256" in found.card
    assert "frozen=True" in found.card
    said = SequenceClassifier(model=str(found.weights), device="cpu")
    low, high = said.apply(batch_of(["mood3 mood3", "x mood4"]), said.load_model())[
        "annotations"
    ].to_pylist()
    lexicon = pooled.beside_of(said.load_model().network.module.config.to_dict(),
                               found.weights).lexicon  # fmt: skip
    right = lexicon.means(["mood3", "mood4"])[:, 0]
    assert (low[0]["value"] < high[0]["value"]) == (right[0] < right[1])
    half = SequenceClassifier(model=str(found.weights), device="cpu", dtype="bfloat16")
    (row,) = half.apply(batch_of(["mood3 mood3"]), half.load_model())[
        "annotations"
    ].to_pylist()
    assert row[0]["value"] == pytest.approx(low[0]["value"], abs=0.05)


@pytest.mark.rotated
def test_a_shuffled_lexicon_tells_nothing(base, rated, tmp_path):
    found = fitted(base, rated, tmp_path, lexica=(str(rated / "shuffled.tsv"),))

    assert abs(pearson(found)) < 0.2


@pytest.mark.rotated
def test_guessing_a_lexicon_is_learned_beside(base, rated, tmp_path):
    found = fitted(base, rated, tmp_path, lexica=(str(rated / "right.tsv"),),
                   lexicon_loss=0.5, freeze=False, epochs=1)  # fmt: skip

    from safetensors.numpy import load_file

    after = load_file(found.weights / "model.safetensors")
    assert after["head.guess.weight"].shape == (1, 32)
    assert pearson(found) > 0.5


@pytest.mark.rotated
def test_attention_over_word_vectors_is_told_with_its_words(base, tmp_path):
    chance = random.Random(1)
    loud, quiet = MOODS[:5], MOODS[5:60]
    rows = []
    for up in (chance.choice([0, 1]) for _ in range(400)):
        words = [*chance.choices(quiet, k=6 - up), *chance.choices(loud, k=up)]
        chance.shuffle(words)
        votes = {"calm": 9 - 8 * up, "upset": 1 + 8 * up}
        rows.append({"text": " ".join(words)} | votes)
    data = write_rows(tmp_path / "data", rows)
    numbers = np.random.default_rng(0).normal(size=(60, 8)).round(3)
    numbers[:5, 0] += 4
    lines = (" ".join([w, *map(str, row)])
             for w, row in zip(MOODS[:60], numbers.tolist(), strict=True))  # fmt: skip
    (tmp_path / "vectors.txt").write_text("\n".join(lines))

    found = fitted(base, data, tmp_path / "work", head="shares", scale=None,
                   labels=("calm", "upset"), vocabulary="two", lstm=8, freeze=True,
                   affect_embeddings=str(tmp_path / "vectors.txt"))  # fmt: skip

    assert next(f.value for f in found.figures if f.name == "accuracy") > 0.95
    reader = SequenceClassifier(model=str(found.weights), device="cpu", evidence=9)
    text = "so mood7 mood2, mood9"
    (row,) = reader.apply(batch_of([text]), reader.load_model())[
        "annotations"
    ].to_pylist()
    cues = [each for each in row if each["task"] == "emotion_evidence"]
    assert {text[e["start"] : e["end"]] for e in cues} == {"mood7", "mood2", "mood9"}
    assert sum(each["score"] for each in cues) == pytest.approx(1, abs=1e-5)
    assert [each["rank"] for each in cues] == [1, 2, 3]
    assert {each["label"] for each in cues} == {"upset"}


@pytest.mark.rotated
def test_a_model_without_attention_has_no_evidence(base, rated, tmp_path):
    found = fitted(base, rated, tmp_path, freeze=True, epochs=1)
    reader = SequenceClassifier(model=str(found.weights), device="cpu", evidence=2)

    with pytest.raises(UsageError, match="has no attention over words: train one"):
        reader.load_model()


# -- parts by hand ---------------------------------------------------------------------


def test_squeeze_and_excitation_of_zero_weights_halves():
    import torch

    module, states = pooled.squeeze_excite(8), torch.randn(2, 5, 8)
    for weight in module.parameters():
        torch.nn.init.zeros_(weight)

    assert torch.equal(module(states), states * 0.5)


def test_squeeze_and_excitation_commutes_with_turning_positions():
    import torch

    torch.manual_seed(0)
    module, states = pooled.squeeze_excite(8).double(), torch.randn(2, 5, 8).double()
    order = torch.tensor([3, 0, 4, 1, 2])

    turned = module(states[:, order])

    assert torch.allclose(turned, module(states)[:, order], atol=1e-15)
    # So a weight of a channel may be taken of its mean alone, as the head does.
    mean = pooled.mean_of(states)
    assert torch.allclose(
        module(mean[:, None])[:, 0], module(states).mean(1), atol=1e-15
    )


def test_a_mean_leaves_padding_out():
    import torch

    states = torch.tensor([[[1.0], [3.0], [99.0]]])

    assert pooled.mean_of(states, torch.tensor([[1, 1, 0]])).tolist() == [[2.0]]
    image = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert pooled.mean_of(image).tolist() == [[1.5, 5.5]]


@pytest.mark.rotated
def test_the_same_seed_gives_the_same_weights(base, rated, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("".join(f"{word} {n % 7} 1\n" for n, word in enumerate(MOODS)))
    given = {"lexica": (str(rated / "right.tsv"),), "hidden": 8, "epochs": 1,
             "affect_embeddings": str(vectors), "lstm": 4}  # fmt: skip

    one, same, other = (
        weights.digest(
            fitted(base, rated, tmp_path / str(n), seed=seed, **given).weights
        )
        for n, seed in enumerate((0, 0, 1))
    )

    assert one == same != other
