import numpy as np
import pytest
from affectflow_examples.words import ScoreWords
from safetensors.numpy import save_file

from affectflow.testing import check_model, sample_batch


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        pytest.param("I love it, thanks", [0.05, 0.8], id="joy"),
        pytest.param("It broke", [0.7, 0.0], id="anger"),
        pytest.param("It compiles", [0.0, 0.0], id="neither"),
    ],
)
def test_a_score_is_the_mean_of_the_known_words(text, scores):
    found = ScoreWords().load_model().scores([text])

    assert found[0].tolist() == pytest.approx(scores)


def test_words_that_were_learnt_take_the_place_of_the_list(tmp_path):
    arrays = {
        "words": np.frombuffer(b"meh\nwow", np.uint8),
        "shares": np.array([[0.75, 0.25], [0, 1]], np.float32),
    }
    save_file(arrays, tmp_path / "w.safetensors", {"annotator": "ScoreWords"})

    model = ScoreWords(weights=str(tmp_path)).load_model()

    assert model.shares == {"meh": (0.75, 0.25), "wow": (0, 1)}


def test_the_highest_label_is_chosen_from_the_threshold_on():
    labelled = ScoreWords(threshold=0.8).apply(
        sample_batch(ScoreWords.requires), ScoreWords().load_model()
    )

    first, second = labelled["annotations"].to_pylist()[:2]
    assert [a["label"] for a in first if a["chosen"]] == ["joy"]
    assert [a["label"] for a in second if a["chosen"]] == ["anger"]


def test_it_keeps_what_every_model_promises():
    check_model(ScoreWords())
