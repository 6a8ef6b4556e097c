"""Thresholds of cascades. The models are fakes: they prove routing only."""

import numpy as np
import pytest

from affectflow.cli.options import threshold_of
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.annotate import config_of
from affectflow.stages.cascade import Learned, Sample, cascade_of, learn
from tests.given.calibration_lakes import ScoresHandler, make
from tests.given.fake_model import FakeHandler
from tests.given.fake_over import answer_over
from tests.given.scripted import Scripted, install_scripted, prompt_file
from tests.given.stage_runs import ask, counts


def sample(*pairs, times=1):
    """Returns a sample of `(score, agrees)`, repeated so that its halves are alike."""
    scores, agrees = zip(*(pair for pair in pairs for _ in range(2)), strict=True)
    return Sample(
        np.tile(np.array(scores, np.float32), times), np.tile(np.array(agrees), times)
    )


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        pytest.param(
            sample((0.3, False), (0.9, True)), (0.9, 1.0, 0.5), id="asks the unsure"
        ),
        pytest.param(
            sample((0.3, True), (0.6, False), (0.9, True), (0.9, True)),
            (0.9, 1.0, 0.5),
            id="asks all below the one that is wrong",
        ),
        pytest.param(
            sample(*[(0.5, True)] * 19, (0.4, False)),
            (0.001, 0.95, 0.0),
            id="asks nobody where that agrees enough",
        ),
    ],
)
def test_the_lowest_threshold_that_agrees_enough_is_learned(drawn, expected):
    found = learn(drawn)

    assert found == Learned(*map(pytest.approx, expected), rows=len(drawn.scores))


def test_what_a_threshold_came_to_is_measured_where_it_was_not_set():
    # Of these the first and the third set it; there the first annotator errs at 0.7.
    scores = np.array([0.7, 0.7, 0.8, 0.8], np.float32)
    agrees = np.array([False, False, True, False])

    # The others: one at 0.7, which is asked about, and one at 0.8, which is wrong.
    assert learn(Sample(scores, agrees)) == Learned(0.8, 0.5, 0.5, 4)


def test_where_everything_would_be_asked_the_model_had_better_be_run_alone():
    with pytest.raises(UsageError, match=r"agreement of 95% unless .* everything"):
        learn(sample((0.5, False), (0.9, False)))


@pytest.mark.parametrize(
    ("said", "meant"),
    [("", None), ("0.6", 0.6), ("1", 1.0), ("learn", "learn")],
)
def test_a_threshold_is_a_number_or_learned(said, meant):
    assert threshold_of(said) == meant


@pytest.mark.parametrize("said", ["low", "0", "1.5", "-1", "nan"])
def test_a_threshold_that_is_neither_is_refused(said):
    wanted = f"above 0 and at most 1, or `learn`, got '{said}'"
    with pytest.raises(UsageError, match=wanted):
        threshold_of(said)


@pytest.mark.proof
def test_a_threshold_is_learned_once_and_asks_no_more_than_it_must(tmp_path):
    lake, calls = str(tmp_path / "lake"), tmp_path / "calls"
    # The first says 0.95 annoyance, where the second agrees, or 0.55 neutral.
    make(lake, [f"annoying {score}" for score in (0.95, 0.45) for _ in range(100)])
    answer_over(lake, ScoresHandler())
    opened, second = Lake.open(lake), FakeHandler(calls=str(calls))

    made = cascade_of(opened, second, "scores@1", "learn")

    assert made.only_below == pytest.approx(0.95)
    assert made.learned == {
        "only_below": pytest.approx(0.95),
        "agreement": 1.0,
        "asked": pytest.approx(0.5, abs=0.1),
        "rows": 200,
    }
    assert config_of(made)["cascade"]["learned"] == made.learned
    assert sum(map(int, calls.read_text().split())) == 200
    calls.unlink()

    row = answer_over(lake, made)
    again = cascade_of(opened, second, "scores@1", "learn")

    assert counts(row) == {"in": 200, "out": 200}
    assert dict(row["counters"]) == {"labelled": 200, "asked": 100}
    assert sum(map(int, calls.read_text().split())) == 100
    assert again.annotator() == made.annotator()
    own = made.annotator()["annotator_id"]
    labels = f"SELECT DISTINCT label FROM annotations WHERE annotator_id = '{own}'"
    assert ("annoyance",) in ask(lake, labels)


@pytest.mark.proof
def test_labels_that_are_there_teach_a_threshold_without_a_call(tmp_path):
    lake, calls = str(tmp_path / "lake"), tmp_path / "calls"
    make(lake, [f"annoying {score}" for score in (0.95, 0.45) for _ in range(100)])
    answer_over(lake, ScoresHandler())
    answer_over(lake, FakeHandler())

    second = FakeHandler(calls=str(calls))
    made = cascade_of(Lake.open(lake), second, "scores@1", "learn")

    assert made.only_below == pytest.approx(0.95)
    assert not calls.exists()


@pytest.mark.proof
def test_too_few_utterances_teach_no_threshold(tmp_path):
    lake = str(tmp_path / "lake")
    make(lake, ["annoying 0.95"] * 20)
    answer_over(lake, ScoresHandler())

    with pytest.raises(UsageError, match=r"at least 100 .* of 20 tried, 20 are"):
        cascade_of(Lake.open(lake), FakeHandler(), "scores@1", "learn")


ASKED = """
task = "emotion"
[[steps]]
name = "emotion"
text = "How is it? {text} Say {labels}."
parser = "one_label"
vocabulary = "goemotions"
labels = ["annoyance", "neutral"]
"""


class Annoyed(Scripted):
    """Says annoyance of everything."""

    script = staticmethod(lambda question, request: {"annoyance": 0.9})


@pytest.mark.proof
def test_what_was_asked_to_learn_is_not_asked_again(tmp_path, monkeypatch):
    install_scripted(tmp_path / "site", monkeypatch)
    lake = str(tmp_path / "lake")
    make(lake, [f"annoying {n} {s}" for s in (0.95, 0.45) for n in range(100)])
    answer_over(lake, ScoresHandler())
    second = Annoyed(prompt=str(prompt_file(tmp_path, ASKED)))

    made = cascade_of(Lake.open(lake), second, "scores@1", "learn")
    row = answer_over(lake, made)

    counters = dict(row["counters"])
    assert (counters["asked"], counters["labelled"]) == (100, 200)
    assert row["questions"] == 100
    assert row["calls"] == 0
