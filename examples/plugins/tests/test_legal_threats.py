import pytest

from affectflow.kinds.guard import Guard


@pytest.mark.parametrize(
    ("text", "is_held_back"),
    [
        ("You will hear from my lawyer.", True),
        ("I'll see you all in court!", True),
        ("I take no legal action.", False),
        ("The court of tennis is wet.", False),
    ],
)
def test_threats_are_held_back(text, is_held_back):
    assert Guard.load("legal_threats").matches(text) == is_held_back
