import pytest
from affectflow_examples.learn_words import LearnWords, guess, learn

from affectflow.errors import UsageError
from affectflow.testing import check_trainer

LINES = [("anger", "it broke"), ("anger", "Broke again"), ("joy", "it works, it works")]


def test_a_word_speaks_for_the_labels_of_its_lines():
    assert learn(LINES, at_least=2) == {"broke": (1.0, 0.0), "it": (0.5, 0.5)}


def test_a_guess_is_what_the_words_together_speak_for():
    shares = {"broke": (1.0, 0.0), "works": (0.0, 1.0), "it": (0.4, 0.6)}

    assert guess("It broke", shares) == "anger"
    assert guess("It works", shares) == "joy"


def test_it_keeps_what_every_trainer_promises(tmp_path):
    rows = [f"{label}\t{text} {n}" for label, text in LINES for n in range(20)]
    (tmp_path / "labelled.tsv").write_text("\n".join(rows))

    found = check_trainer(LearnWords(), tmp_path)

    assert [figure.value for figure in found.figures] == [1.0]


def test_lines_without_a_label_are_no_data(tmp_path):
    (tmp_path / "labelled.tsv").write_text("calm\tit works\n")

    with pytest.raises(UsageError, match="too few lines"):
        LearnWords().train(tmp_path)
