"""MaskedLanguage: what it learns, what it writes, and that it goes on after a kill."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from affectflow import testing
from affectflow.errors import UsageError
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.masked import network
from affectflow_transforms.masked.train import MaskedLanguage
from affectflow_transforms.models.embedder import Embedder
from affectflow_transforms.models.pretrained import bertweet
from tests.given.read_texts import save_masking_base, told_rows, write_lexicon
from tests.given.toy_training import rows_of, save_base, write_rows
from tests.given.utterance_batches import batch_of

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

QUICK = {"rate": 3e-3, "epochs": 1, "batch": 16, "device": "cpu"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_masking_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return write_rows(tmp_path_factory.mktemp("texts"), told_rows(200))


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory):
    return write_lexicon(tmp_path_factory.mktemp("words") / "felt.txt")


@pytest.fixture(scope="module")
def headless(tmp_path_factory, texts, lexicon):
    """What a training made of a base without a head for masked words."""
    where = tmp_path_factory.mktemp("headless")
    bare = save_masking_base(where / "base", head=False)
    return read(bare, where / "work", texts, lexicon=lexicon)


def read(base, work, texts, **options):
    work.mkdir(exist_ok=True)
    trainer = MaskedLanguage(base=base, **QUICK | options)
    return trainer.train_in(work, texts, licence="CC BY-NC 4.0")


def figure(found, name, label="(all)"):
    (value,) = [f for f in found.figures if (f.name, f.label) == (name, label)]
    return value


@pytest.mark.rotated
def test_words_of_the_lexicon_become_likelier_than_if_all_were_masked_alike(
    base, tmp_path, texts, lexicon
):
    both = {"lexicon": lexicon, "epochs": 3, "patience": 3}
    alike = {"p_lexicon": 0.2, "p_other": 0.2}

    more = read(base, tmp_path / "a", texts, p_lexicon=0.7, p_other=0.1, **both)
    same = read(base, tmp_path / "b", texts, **alike, **both)

    ours, theirs = (figure(each, "ratio", "(lexicon)").value for each in (more, same))
    assert ours < theirs < 1
    before = [figure(each, "perplexity_before", "(lexicon)") for each in (more, same)]
    assert before[0] == before[1]


@pytest.mark.rotated
def test_it_keeps_what_every_trainer_owes(base, texts, lexicon):
    trainer = MaskedLanguage(base=base, lexicon=lexicon, order="lexicon_first", **QUICK)

    found = testing.check_trainer(trainer, texts)

    value, low, high = figure(found, "ratio")[2:]
    assert low <= value <= high


@pytest.mark.rotated
def test_a_run_that_was_killed_goes_on_to_the_same_weights(base, tmp_path, texts):
    options = QUICK | {"epochs": 2, "patience": 2}
    whole = read(base, tmp_path / "whole", texts, **options)
    work = tmp_path / "killed"
    work.mkdir()
    trainer = MaskedLanguage(base=base, **options)

    def die(line):
        if line.startswith("epoch 2"):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            trainer.train_in(work, texts, tell=die)
        finally:  # whatever happens, the tests go on in one process only
            os._exit(1)
    _, status = os.waitpid(child, 0)
    told = []
    again = trainer.train_in(work, texts, tell=told.append)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert "goes on after epoch 1" in told
    files = [each.weights / "model.safetensors" for each in (whole, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.rotated
def test_the_folder_is_a_base_that_can_be_fitted(headless, tmp_path):
    data = write_rows(tmp_path / "data", rows_of("one"))
    (tmp_path / "work").mkdir()
    (headless.weights / "MODEL_CARD.md").write_text(headless.card)
    trainer = Finetune(base=str(headless.weights), head="one", vocabulary="three",
                       rate=3e-3, head_rate=3e-3, epochs=3, batch=8,
                       device="cpu")  # fmt: skip

    found = trainer.train_in(tmp_path / "work", data)

    assert figure(found, "f1", "(macro)").value > 0.9
    assert "license: cc-by-nc-4.0" in found.card


def test_what_the_base_has_beside_its_head_stays(headless):
    from safetensors.numpy import load_file

    base = load_file(headless.weights.parents[1] / "base" / "model.safetensors")
    made = load_file(headless.weights / "model.safetensors")

    name = "pooler.dense.weight"
    assert np.array_equal(made[f"bert.{name}"], base[name])


@pytest.mark.rotated
def test_the_folder_gives_vectors(headless):
    reader = Embedder(model=str(headless.weights), device="cpu")

    (row,) = reader.apply(batch_of(["word1 furious"]), reader.load_model())[
        "vectors"
    ].to_pylist()

    assert len(row[0]["vector"]) == 32


def test_the_card_says_data_licence_lexicon_head_and_use(headless):
    for line in (
        "license: cc-by-nc-4.0",
        "| commercial use | not allowed |",
        "| masked | lexicon felt.txt (9 terms, 16.7% of the words) at 50%, others at",
        "the rates are a choice, not published ones",
        "The base had no head for masked words. One was added whose output weights are",
        "by a hash of `speaker_id`",
        "| (lexicon) |",
        "## What it must not be used for",
    ):
        assert line in headless.card
    assert headless.use.format(out="mine").endswith(
        "train finetune --data FOLDER --out FOLDER --set base=mine --set head=one"
    )


def test_only_masked_tokens_are_asked_about_and_answered_alike(base):
    import torch

    module = network.load(Path(base), seed=0, device="cpu", max_tokens=16)
    module = module.network.module.eval()
    given = {"input_ids": torch.tensor([[2, 5, 6, 3]])}
    at = torch.tensor([[False, True, True, False]])

    with torch.inference_mode():
        some, all_of_them = network.logits(module, given, at), module(**given).logits

    assert torch.allclose(some, all_of_them[at], atol=1e-6)


@pytest.mark.rotated
def test_words_of_a_column_are_taken(base, tmp_path):
    rows = [
        row | {"words": [row["text"][:11], row["text"][12:]]} for row in told_rows(200)
    ]

    found = read(base, tmp_path / "work", write_rows(tmp_path / "data", rows))

    # Two words a text: with 15 % masked, some texts have none.
    assert figure(found, "perplexity_after").value > 1


def test_accounts_and_links_are_read_as_bertweet_does_if_the_tokenizer_asks(base):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(base, normalization=True)

    assert bertweet.asked_by(tokenizer)
    assert not bertweet.asked_by(transformers.AutoTokenizer.from_pretrained(base))
    said = bertweet.normalised(["@jo [USER] me@home.org www.a.org/x [LINK] 😂 ok"])
    expected = "@USER @USER me@home.org HTTPURL HTTPURL :face_with_tears_of_joy: ok"
    assert said == [expected]


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "first"}, "`order` must be one of"),
        ({"budget": 1.0}, "`budget` must be above 0 and below 1, got 1.0"),
        ({"p_lexicon": 1.5}, "`p_lexicon` must be from 0 to 1, got 1.5"),
        ({"p_other": 0}, "nothing would be masked: `p_other` is 0"),
        ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
    ],
)
def test_options_out_of_their_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        MaskedLanguage(base="base", **options)


def test_a_base_whose_tokenizer_has_no_mask_is_refused(tmp_path, texts):
    with pytest.raises(UsageError, match="has no mask token, so its model does not"):
        read(save_base(tmp_path / "base"), tmp_path / "work", texts)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (told_rows(200), {"text": "txt"}, "name it with --set text=COLUMN"),
        (told_rows(200), {"lexicon": "none.txt"}, "no file 'none.txt', and no lexicon"),
        (told_rows(5), {}, "different `speaker_id`, and a tenth of them by a hash"),
    ],
)  # fmt: skip
def test_texts_that_cannot_be_read_are_refused_in_one_line(
    base, tmp_path, rows, options, message
):
    with pytest.raises(UsageError, match=message) as refused:
        read(base, tmp_path / "work", write_rows(tmp_path / "data", rows), **options)

    assert "\n" not in str(refused.value)
