"""Row 20 of the literature: groups of recordings, not of frames."""

import duckdb
import numpy as np
import pytest
from scipy import stats

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.difference.measure import GroupDifference
from affectflow_transforms.measures.difference.testing import compared, holm
from tests.given.people import add_rows
from tests.given.rated_tracks import write_table


def found(path, **options):
    told = measure_file(str(path), "GroupDifference", options=options)
    return {(row["unit_id"], row["label"]): row for row in told.rows}, told


@pytest.fixture(scope="module")
def news(shared_data, tmp_path_factory):
    """The frames of the news clips with the kind of news, as `--set group=` reads."""
    path = tmp_path_factory.mktemp("news") / "au.parquet"
    folder = shared_data / "nv_facial"
    duckdb.sql(
        f"COPY (SELECT f.*, class FROM '{folder}/pyfeat_news_frames.csv.gz' AS f "
        f"JOIN '{folder}/pyfeat_news_clips.csv' ON clipN = input[:3]::INT) TO '{path}'"
    )
    return path


def test_the_news_clips_differ_as_published_per_clip(news):
    """Means of 8 and 8 clips, and Kruskal-Wallis; AU15 does not differ."""
    told, measured = found(news, group="class", channels=("AU*",))

    for au, good, bad, p in (
        ("AU12", 0.975, 0.215, 0.0008),
        ("AU06", 0.745, 0.025, 0.0008),
        ("AU04", 0.068, 0.369, 0.0011),
        ("AU15", 0.038, 0.074, 0.0929),
    ):
        assert told["gn", f"{au} level"]["value"] == pytest.approx(good, abs=5e-4)
        assert told["ists", f"{au} level"]["value"] == pytest.approx(bad, abs=5e-4)
        assert told[au, "p"]["value"] == pytest.approx(p, abs=5e-5)
        assert told[au, "p"]["n"] == 16  # of 392 frames
    assert told["AU12", "p_holm"]["value"] == pytest.approx(20 * 0.00077753, rel=1e-4)
    assert told["AU15", "p_holm"]["value"] > 0.05
    assert measured.observations == 16 * 20


def test_the_same_table_as_rows_says_the_same(news, tmp_path):
    long = tmp_path / "long.parquet"
    duckdb.sql(
        "COPY (SELECT class AS part, input AS unit, channel, value FROM (UNPIVOT "
        f"(SELECT class, input, AU04, AU12 FROM '{news}') ON AU04, AU12 INTO NAME "
        f"channel VALUE value)) TO '{long}'"
    )
    for options in ({}, {"figure": "rate"}):
        wide, _ = found(news, group="class", channels=("AU04", "AU12"), **options)
        told, _ = found(long, **options)

        assert told.keys() == wide.keys()
        for key, row in told.items():
            assert row["value"] == pytest.approx(wide[key]["value"], abs=1e-12)


@pytest.mark.parametrize("test", ["rank", "mann_whitney", "permutation"])
def test_a_test_is_that_of_scipy(test):
    random = np.random.default_rng(0)
    samples = [random.normal(mean, size=6) for mean in (0.0, 1.0)]
    wanted = {
        "rank": lambda: stats.kruskal(*samples).pvalue,
        "mann_whitney": lambda: stats.mannwhitneyu(*samples, method="exact").pvalue,
        "permutation": lambda: stats.permutation_test(
            samples, lambda a, b: abs(a.mean() - b.mean()), alternative="greater",
            n_resamples=np.inf, vectorized=False,
        ).pvalue,
    }  # fmt: skip

    assert compared(samples, test).p == pytest.approx(wanted[test](), abs=1e-12)


def test_a_permutation_of_three_against_three_by_hand():
    """Of 20 arrangements two are as far apart: this one and its mirror."""
    samples = [np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0])]

    assert compared(samples, "permutation").p == pytest.approx(2 / 20)


def test_holm_steps_down_and_never_falls():
    assert holm([0.01, 0.02, 0.02, 0.9]) == pytest.approx([0.04, 0.06, 0.06, 0.9])


def clips(**groups):
    """Returns rows of ten frames for each value of a clip."""
    return [
        {"class": part, "clip": f"{part}{n}", "AU12": value}
        for part, values in groups.items()
        for n, value in enumerate(values)
        for _ in range(10)
    ]


def test_frames_of_a_clip_are_one_observation(tmp_path):
    path = write_table(tmp_path / "a.csv", clips(a=range(6), b=range(1, 7)))
    told, _ = found(path, group="class")

    assert told["AU12", "p"]["value"] == pytest.approx(
        stats.kruskal(range(6), range(1, 7)).pvalue
    )
    assert told["AU12", "p"]["n"] == 12


def test_small_groups_are_hidden_and_clips_in_two_groups_left_out(tmp_path):
    rows = clips(a=range(6), b=range(6), few=range(4))
    rows += [{"class": "b", "clip": "a0", "AU12": 1.0}]
    path = write_table(tmp_path / "a.csv", rows)

    told, measured = found(path, group="class")

    assert ("few", "AU12 level") not in told
    assert told["AU12", "hidden"]["value"] == 1
    assert told["AU12", "mixed"]["value"] == 1
    assert told["a", "AU12 level"]["n"] == 5
    assert any(
        "fewer than 5 speakers: not shown" in line for line in measured.undefined
    )


def test_draws_are_of_clips(tmp_path):
    path = write_table(tmp_path / "a.csv", clips(a=range(8), b=range(8)))
    told = measure_file(
        str(path), "GroupDifference", options={"group": "class"}, draws=50
    )

    (level,) = [r for r in told.rows if r["unit_id"] == "a"]
    assert level["low"] < level["value"] < level["high"]
    assert level["high"] - level["low"] > 2  # eight clips, not eighty frames


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (clips(a=[1]), {"group": "kind"}, "no column 'kind'"),
        (clips(a=[1]), {"group": "class", "unit": "x"}, "no column 'x'"),
        (clips(a=[1]), {"group": "class", "channels": ("clip",)}, "'clip' of"),
        ([{"class": "a", "AU12": 1}], {"group": "class"}, "names the recording"),
        ([{"class": "a", "clip": "b"}], {"group": "class"}, "no column of numbers"),
    ],
)
def test_tables_that_say_nothing_are_refused(tmp_path, rows, options, said):
    path = write_table(tmp_path / "a.csv", rows)

    with pytest.raises(UsageError, match=said):
        found(path, **options)


def test_another_word_for_a_test_is_refused():
    with pytest.raises(UsageError, match="one of rank, mann_whitney, permutation"):
        GroupDifference(test="t")


def test_answers_in_a_lake_are_compared_by_conversation(tmp_path):
    lake = Lake.create(str(tmp_path / "lake")).uri
    said = [
        (f"{kind}{n}:{turn}", f"{kind}{n}", kind, 0.8 if kind == "review" else n / 10)
        for kind in ("issue", "review")
        for n in range(6)
        for turn in range(3)
    ]
    add_rows(lake, "utterances", [
        {"utterance_id": u, "conversation_id": c, "kind": k, "speaker_id": f"s{c}"}
        for u, c, k, _ in said
    ])  # fmt: skip
    add_rows(lake, "annotators", [{"annotator_id": "model@1", "kind": "model"}])
    add_rows(lake, "annotations", [
        {"utterance_id": u, "annotator_id": "model@1", "task": "valence",
         "label": "valence", "value": value, "chosen": True, "status": "ok"}
        for u, _, _, value in said
    ])  # fmt: skip

    told = measure_lake(
        lake, "GroupDifference", options={"group": "kind", "annotator": "model@1"}
    )

    rows = {(row["unit_id"], row["label"]): row for row in told.rows}
    assert rows["valence", "p"]["n"] == 12
    assert rows["valence", "p"]["value"] == pytest.approx(
        stats.kruskal(np.arange(6) / 10, [0.8] * 6).pvalue
    )
