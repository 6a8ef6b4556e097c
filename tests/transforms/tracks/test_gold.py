"""Gold standards of raters: by hand, against a reference, and from files."""

import itertools
import statistics

import numpy as np
import pytest

from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.tracks.gold import agreements, ccc, gold_standard
from affectflow_transforms.tracks.raters import ratings_of
from affectflow_transforms.tracks.series import RenderSeries

NAN = float("nan")


def array(*values) -> np.ndarray:
    return np.array(values, float)


@pytest.mark.parametrize(
    ("one", "other", "lin", "avec"),
    [
        pytest.param((1, 2, 3), (2, 3, 4), 4 / 7, 4 / 9, id="the spec's"),
        pytest.param((1, 2, 3, 4, 5), (1, 2, 3, 4, 5), 1.0, 0.8, id="with itself"),
        pytest.param((1, 2, 3), (3, 2, 1), -1.0, -2 / 3, id="the opposite"),
        pytest.param((1, NAN, 2, 3), (2, 9, 3, 4), 4 / 7, 4 / 9, id="a gap"),
        pytest.param((1, 1), (1, 1), NAN, NAN, id="nothing moves"),
        pytest.param((1, NAN), (NAN, 1), NAN, NAN, id="nothing shared"),
    ],
)
def test_ccc_and_that_of_avec(one, other, lin, avec):
    found = [ccc(array(*one), array(*other), ddof=ddof) for ddof in (0, 1)]

    assert found == pytest.approx([lin, avec], nan_ok=True)


def test_two_raters_who_agree_weigh_the_same():
    found = gold_standard(array((1, 2, 3), (2, 3, 4)))

    assert found.agreement.tolist() == pytest.approx([4 / 7, 4 / 7])
    assert found.weights.tolist() == pytest.approx([0.5, 0.5])
    assert found.values.tolist() == pytest.approx([1.5, 2.5, 3.5])


def test_one_who_never_moves_has_no_weight():
    found = gold_standard(array((1, 2, 3), (1, 2, 3), (2, 2, 2)))

    assert found.agreement.tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert found.values.tolist() == pytest.approx([1, 2, 3])


def test_avec_weights_the_means_and_not_the_ratings():
    ratings = array((1, 2, 3), (1, 2, 3), (5, 5, 5))

    found = gold_standard(ratings, "avec")

    # CCC: 2 * (2/3) / 2 of the first two; 0 with the third. So weights .5, .5, 0.
    assert found.agreement.tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert found.values.tolist() == pytest.approx([2 - 2 / 3, 2, 2 + 2 / 3])


def test_one_random_rater_of_four_gets_the_least_weight():
    rng = np.random.default_rng(4)
    truth = np.sin(np.arange(600) / 30)
    agreeing = [truth + rng.normal(0, 0.2, 600) for _ in range(3)]

    found = gold_standard(np.stack([*agreeing, rng.uniform(-1, 1, 600)]))

    assert found.weights.argmin() == 3
    assert found.weights[3] < 0.1
    plain = np.stack([*agreeing, rng.uniform(-1, 1, 600)]).mean(axis=0)
    assert ccc(found.values, truth) > ccc(plain, truth)


def reference(ratings: list[list[float]], way: str) -> list[float]:
    """Returns a gold standard by loops over plain lists, for complete ratings."""
    n, times = len(ratings), len(ratings[0])
    means = [statistics.fmean(r) for r in ratings]
    spread = statistics.variance if way == "avec" else statistics.pvariance
    agree = [0.0] * n
    for a, b in itertools.combinations(range(n), 2):
        pairs = zip(ratings[a], ratings[b], strict=True)
        together = sum((x - means[a]) * (y - means[b]) for x, y in pairs) / times
        apart = spread(ratings[a]) + spread(ratings[b]) + (means[a] - means[b]) ** 2
        for each in (a, b):
            agree[each] += 2 * together / apart / (n - 1)
    weights = [w / sum(agree) for w in agree]
    centre = sum(w * m for w, m in zip(weights, means, strict=True))
    of = [1 / n] * n if way == "avec" else weights
    return [
        centre + sum(of[r] * (ratings[r][t] - means[r]) for r in range(n))
        for t in range(times)
    ]


@pytest.mark.parametrize("way", ["ewe", "avec"])
def test_a_reference_in_plain_python_gives_the_same(way):
    rng = np.random.default_rng(7)
    ratings = np.sin(np.arange(50) / 5) + rng.normal(0, 0.3, (5, 50))

    found = gold_standard(ratings, way)

    assert found.values.tolist() == pytest.approx(reference(ratings.tolist(), way))


def test_raters_of_other_lengths_count_where_they_rate():
    found = gold_standard(array((1, 2, 3, 4), (1, 2, 3, NAN), (1, 2, NAN, NAN)))

    assert not np.isnan(found.values).any()
    assert (np.diff(found.values) > 0).all()


@pytest.mark.parametrize(
    ("ratings", "why"),
    [
        pytest.param([(1, 2, 3)], "fewer than two", id="one rater"),
        pytest.param([(1, NAN), (NAN, 2)], "fewer than two", id="no shared moment"),
        pytest.param([(1, 2), (2, 1)], "do not agree", id="opposite"),
        pytest.param([(1, 1), (1, 1)], "fewer than two", id="nothing moves"),
    ],
)
def test_without_agreement_there_is_no_gold_standard(ratings, why):
    found = gold_standard(array(*ratings))

    assert why in found.why
    assert np.isnan(found.values).all()


def test_agreement_needs_no_complete_ratings():
    found = agreements(array((1, 2, 3), (2, 3, 4), (NAN, NAN, NAN)))

    assert found.tolist() == pytest.approx([4 / 7, 4 / 7, NAN], nan_ok=True)


# -- files -----------------------------------------------------------------------------

RECOLA = "time;FM1 ;FM2 ;FF1 \n0.00;0.1;0.2;0.1\n0.04;0.3;0.4;0.2\n"
LONG = (
    "recording,seconds,rater,dim,value\n"
    "P1,0,a,valence,.5\nP1,0,b,valence,.4\nP2,1,a,valence,\n"
)


def test_columns_of_raters_are_ratings_of_what_the_folder_is_called(tmp_path):
    (tmp_path / "arousal").mkdir()
    path = tmp_path / "arousal" / "P16.csv"
    path.write_text(RECOLA)

    found = ratings_of(str(path)).to_pylist()

    assert len(found) == 6
    assert found[1] == {
        "recording": "P16",
        "dimension": "arousal",
        "rater": "FM1",
        "time": 0.04,
        "value": 0.3,
        "unread": None,
    }


def test_rows_of_ratings_say_all_themselves(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(LONG)

    found = ratings_of(str(path), "arousal")

    assert found["recording"].to_pylist() == ["P1", "P1", "P2"]
    assert found["dimension"].to_pylist() == ["valence"] * 3
    assert found["value"].to_pylist() == [0.5, 0.4, None]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("time;a\n1;.5\n0;.4\n", "times_backwards", id="backwards"),
        pytest.param("time;a\n1;x\n", "no_numbers", id="words"),
        pytest.param("time,rater,value\n1,a,x\n", "no_numbers", id="rating in words"),
        pytest.param("a;b\n.1;.2\n", "no_times", id="no times"),
        pytest.param("@relation r\n@attribute t numeric\n", "no_table", id="arff"),
    ],
)
def test_a_file_without_ratings_has_a_reason(content, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(UnmeasuredError) as raised:
        ratings_of(str(path))

    assert raised.value.reason == reason


def test_a_series_says_what_raters_say_together(tmp_path):
    path = tmp_path / "P16.csv"
    rows = [f"{t / 25};{t / 250};{t / 250 + 0.1}" for t in range(200)]
    path.write_text("\n".join(["time;a;b", *rows]))
    shown = RenderSeries(tracks=str(path), raters="arousal", hz=10, shift_s=2)

    found = shown.measure(str(path))

    assert set(found["channel"].to_pylist()) == {"arousal"}
    # 8 s, the first two of which are before the recording began.
    assert found["start_us"].to_pylist() == list(range(0, 6_000_000, 100_000))
    steps = np.diff(np.asarray(found["value"]))
    assert steps == pytest.approx([0.01] * 59, abs=0.0005)


def test_shifting_back_undoes_a_shift_inside(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "time,joy\n" + "\n".join(f"{t / 10},{t % 7 / 7}" for t in range(99))
    )
    there = RenderSeries(tracks=str(path)).measure(str(path))
    early = RenderSeries(tracks=str(path), shift_s=2.0).measure(str(path))

    back = early.set_column(
        3, "start_us", [(np.asarray(early["start_us"]) + 2_000_000)]
    )

    assert back["start_us"].to_pylist() == there["start_us"].to_pylist()
    assert early["value"].to_pylist() == there["value"].to_pylist()
    assert early["start_us"][20].as_py() == 0
