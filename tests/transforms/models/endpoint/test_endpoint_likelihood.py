import pytest

from affectflow_transforms.models.endpoint.likelihood import Token, likelihoods


def token(said, **likely):
    return Token(said, likely)


@pytest.mark.parametrize(
    ("labels", "tokens", "expected"),
    [
        pytest.param(
            ("joy", "fear"),
            [token("joy", joy=0.6, fear=0.2, So=0.2)],
            (0.75, 0.25),
            id="what spells no label does not count",
        ),
        pytest.param(
            ("joy", "fear"),
            [Token(" Joy", {" Joy": 0.5, "Fear": 0.5})],
            (0.5, 0.5),
            id="blanks and capitals",
        ),
        pytest.param(
            ("joy", "fear"),
            [Token('"', {'"': 0.9, "fear": 0.1}), token("joy", joy=0.8, fear=0.2)],
            (0.72 / 1.0, 0.28),
            id="a mark before the label",
        ),
        pytest.param(
            ("disgust", "disapproval", "joy"),
            [token("dis", dis=0.8, joy=0.2), token("gust", gust=0.75, approval=0.25)],
            (0.6, 0.2, 0.2),
            id="two labels that begin alike are told apart by the next token",
        ),
        pytest.param(
            ("disgust", "disapproval", "joy"),
            [token("joy", dis=0.4, joy=0.6)],
            (0.2, 0.2, 0.6),
            id="two labels that a token off the path leaves alike share it",
        ),
        pytest.param(
            ("joy", "joyful"),
            [token("joy", joy=1.0), Token(".", {".": 0.7, "ful": 0.3})],
            (0.7, 0.3),
            id="one label begins with the other",
        ),
        pytest.param(
            ("joy", "joyful"),
            [token("joy", joy=1.0)],
            (1.0, 0.0),
            id="the answer ends with the shorter one",
        ),
        pytest.param(
            ("no", "yes"),
            [token("note", note=0.5, yes=0.5)],
            (0.0, 1.0),
            id="a longer word is not the label",
        ),
        pytest.param(("joy", "fear"), [token("I", I=1.0)], None, id="no label"),
        pytest.param(("joy", "fear"), [], None, id="no logprobs"),
        pytest.param((), [token("I", I=1.0)], None, id="an open question"),
    ],
)
def test_the_likelihood_of_labels(labels, tokens, expected):
    found = likelihoods(labels, tokens)

    assert found == (expected and pytest.approx(expected))
