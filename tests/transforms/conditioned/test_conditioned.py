"""Conditioned: what the encoder reads, replies that hang on the emotion, bad data."""

import csv
from pathlib import Path

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow_transforms.conditioned import network
from affectflow_transforms.conditioned.train import Conditioned
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask
from tests.given.tiny_replier import EMOTIONS, REPLIES, save_t5, write_replied

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
OPTIONS = {"epochs": 6, "rate": 5e-3, "head_rate": 2e-2}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_replied(tmp_path_factory.mktemp("replied"))


@pytest.fixture(scope="module")
def trained(base, data, tmp_path_factory):
    """The folder that the command wrote, and what it said."""
    out = tmp_path_factory.mktemp("out") / "replies"
    said = affectflow(
        *("train", "conditioned", "--data", data, "--out", out, "--format", "csv"),
        *("--set", f"base={base}", "--licence", "CC BY-NC 4.0"),
        *(
            part
            for name, value in OPTIONS.items()
            for part in ("--set", f"{name}={value}")
        ),
    )
    assert said.code == 0, said.err
    return out, said


def plain(base):
    """Returns a network whose norm has the weights 1."""
    import torch

    module, _ = network.load_base(Path(base))
    found = network.conditioned(module, 2)
    with torch.no_grad():
        found.norm.weight.fill_(1.0)
    return found


# -- what the encoder reads ------------------------------------------------------------


def test_words_and_emotion_are_added_and_normalised_as_published():
    """Words [1, 2, 3] and emotion [0, 0, 3] give [-.9258, -.4629, 1.3887]."""
    import torch

    class Base(torch.nn.Module):
        def get_input_embeddings(self):
            return words

    words = torch.nn.Embedding.from_pretrained(torch.tensor([[1.0, 2.0, 3.0]]))
    module = network.conditioned(Base(), 1)
    with torch.no_grad():
        module.norm.weight.fill_(1.0)
        module.emotions.weight[1] = torch.tensor([0.0, 0.0, 3.0])

    found = module.embedded(torch.tensor([[0]]), torch.tensor([1]))

    assert found[0, 0].tolist() == pytest.approx([-0.9258, -0.4629, 1.3887], abs=1e-4)


@pytest.mark.rotated
def test_without_an_emotion_it_is_the_plain_norm(base):
    import torch

    module, ids = plain(base), torch.tensor([[5, 6, 7]])

    found = module.embedded(ids, torch.tensor([network.NO_EMOTION]))

    words = module.base.get_input_embeddings()(ids)
    assert torch.equal(found, module.norm(words))


def test_two_emotions_give_two_outputs(base):
    import torch

    module, ids = plain(base).eval(), torch.tensor([[5, 6, 7]])

    one, two = (
        module(ids, torch.ones_like(ids), torch.tensor([which]), torch.tensor([[8]]))
        for which in (1, 2)
    )

    assert not torch.allclose(one, two)


# -- from data to replies --------------------------------------------------------------


def test_replies_hang_on_the_emotion_and_the_card_says_so(trained):
    """The texts do not tell the emotions apart; another's is wrong half of the time."""
    out, said = trained

    told = {tuple(row[:2]): row[2] for row in csv.reader(said.out.splitlines())}
    right = float(told["nats_per_token", "told the emotion"])
    other = float(told["nats_per_token", "told another's emotion"])
    assert right < 0.1 < 0.4 < other
    assert float(told["bleu_4", "(replies)"]) == 0  # they have two words
    card = (out / "MODEL_CARD.md").read_text("utf-8")
    assert "license: cc-by-nc-4.0" in card
    assert "by `conversation_id`" in card


@pytest.mark.proof
def test_a_lake_gets_the_reply_to_the_emotion_that_another_annotator_found(
    trained, tmp_path
):
    out, _ = trained
    rows = ("1,I am so happy and delighted", "2,I feel so sad and lonely", "3,```x```")
    (tmp_path / "talk.csv").write_text("\n".join(["id,text", *rows]), "utf-8")
    lake = tmp_path / "lake"
    read = ("ingest", tmp_path / "talk.csv", "--to", lake, "--map")
    assert affectflow(*read, "text=text,utterance_id=id").code == 0
    assert affectflow("annotate", lake, "--model", "EmbeddedEmotions").code == 0

    done = affectflow("annotate", lake, "--model", out, "--over", "EmbeddedEmotions@")

    assert done.code == 0, done.err
    found = dict(
        ask(
            str(lake),
            "SELECT right(utterance_id, 1), coalesce(raw, status) FROM annotations "
            "WHERE task = 'reply'",
        )
    )
    assert found == {
        "1": REPLIES["joy"],
        "2": REPLIES["sadness"],
        "3": "no_author_text",
    }
    assert Lake.open(str(lake))
    licences = "SELECT licence FROM annotators WHERE annotator_id LIKE 'Conditioned%'"
    assert ask(str(lake), licences) == [("cc-by-nc-4.0",)]


def test_replies_do_not_hang_on_the_batch(trained):
    from affectflow_transforms.conditioned.model import Conditioned as Model
    from affectflow_transforms.conditioned.writing import tokens_of, written

    writer = Model(weights=str(trained[0])).load_model()
    texts = ["it works", "the build works again now", "here"]
    ids, _ = tokens_of(writer.tokenizer, texts, 16)
    emotions = np.array([1, 2, 0])

    together = written(writer, ids, emotions, 8)

    alone = [written(writer, [ids[i]], emotions[[i]], 8)[0] for i in range(3)]
    assert together == alone


@pytest.mark.rotated
def test_the_same_seed_gives_the_same_weights(base, data, tmp_path):
    options = {"base": base, "epochs": 1}
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        found = Conditioned(**options).train_in(tmp_path / name, data)
        written.append((found.weights / "model.safetensors").read_bytes())

    assert written[0] == written[1]


# -- what cannot be learned ------------------------------------------------------------


def _rows(folder, rows):
    (folder / "train.csv").write_text("text,reply,emotion\n" + "\n".join(rows), "utf-8")


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (["a,b,joy"], {}, "has 1 different `emotion`"),
        (["a,b,joy", "c,d,jooy"], {"vocabulary": "goemotions"}, "did you mean 'joy'"),
        (["a,b,joy", "c,d,sadness"], {"reply": "answer"}, "has no column 'answer'"),
        (["a,b,joy", "c,d,sadness"], {}, "give at least 50"),
    ],
)
def test_data_that_cannot_be_learned_say_why(base, tmp_path, rows, options, words):
    _rows(tmp_path, rows)

    with pytest.raises(UsageError, match=words):
        Conditioned(base=base, **options).train_in(tmp_path, tmp_path)


def test_a_base_without_a_decoder_is_refused(data, tmp_path):
    from tests.given.toy_training import save_base

    with pytest.raises(UsageError, match="give a base such as T5 or BART"):
        Conditioned(base=save_base(tmp_path)).train_in(tmp_path, data)


def test_emotions_of_the_toy_set_are_both_there(data):
    said = {row["emotion"] for row in csv.DictReader((data / "train.csv").open())}

    assert said == set(EMOTIONS)
