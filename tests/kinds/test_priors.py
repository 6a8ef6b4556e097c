"""The prior of an empty text, taken away; with a scripted model."""

import numpy as np
import pytest

from affectflow.errors import RowError
from affectflow.kinds.asking import Completion
from affectflow.kinds.priors import divided, without_prior
from affectflow_transforms.models.generate.choosing import scores_of
from affectflow_transforms.models.generate.layout import laid_out
from tests.given.scripted import (
    install_scripted,
    marked,
    prompt_file,
    scripted,
    utterances,
)

MOOD = """
task = "mood"
[[steps]]
name = "mood"
text = "How is it? {text} Say {labels}."
parser = "one_label"
labels = ["good", "bad"]
"""


def test_scores_are_divided_by_those_of_an_empty_text():
    # 0.6 / 0.75 = 0.8 and 0.4 / 0.25 = 1.6: a third and two thirds.
    assert divided((0.6, 0.4), (0.75, 0.25)) == pytest.approx((1 / 3, 2 / 3))
    assert divided((1.0, 0.0), (0.5, 0.5)) == pytest.approx((1, 0))
    assert sum(divided((0.0, 0.0), (1.0, 0.0))) == pytest.approx(1)


def test_with_sums_over_tokens_it_is_the_mutual_information_of_text_and_label():
    # Of two tokens and of one: 0.5 * 0.4 and 0.1 after the text, 0.8 * 0.5 and 0.05
    # after none. By hand: ln(0.2 / 0.4) and ln(0.1 / 0.05), which are 0.5 to 2.
    after_text = np.array([[np.log(0.5) + np.log(0.4), np.log(0.1)]])
    after_none = np.array([[np.log(0.8) + np.log(0.5), np.log(0.05)]])
    layout = laid_out([[7, 8], [9]])

    scores, prior = (
        scores_of(each, layout, "sum")[0].tolist() for each in (after_text, after_none)
    )

    assert divided(scores, prior) == pytest.approx((0.2, 0.8))


def test_a_model_that_fails_on_an_empty_text_answers_nothing():
    found = Completion(text="good", scores=(0.6, 0.4))

    assert isinstance(without_prior(found, KeyError("x"), ("good", "bad")), RowError)
    failed = ValueError("own")
    assert without_prior(failed, found, ("good", "bad")) is failed


@pytest.mark.parametrize(
    ("prior", "label", "score", "asked"),
    [
        pytest.param("none", "good", 0.6, ["it broke", "well"], id="none"),
        pytest.param("empty", "bad", 2 / 3, ["it broke", "well", " "], id="empty"),
    ],
)
def test_an_empty_text_is_asked_once_and_taken_away(
    tmp_path, tmp_path_factory, monkeypatch, prior, label, score, asked
):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)

    def script(question, request):
        if marked(question) == " ":
            return {"good": 0.75, "bad": 0.25}
        return {"good": 0.6, "bad": 0.4}

    handler = scripted(prompt_file(tmp_path, MOOD), script, prior=prior)
    model = handler.load_model()

    rows = handler.apply(utterances("it broke", "well"), model)["annotations"]

    for row in rows.to_pylist():
        assert row[0]["label"] == label
        assert row[0]["score"] == pytest.approx(score)
    assert [marked(each) for each in model.questions] == asked
