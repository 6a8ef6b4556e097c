"""`affectflow.annotate`: a table in, the same kind of table out, with labels."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest

import affectflow
from affectflow.errors import UsageError
from affectflow.frames.labelling import RefusedWarning
from affectflow.frames.texts import MAX_ROWS
from tests.given.docs_tables import ROOT

BODIES = ["so annoying", "thank you", None, "", "this is annoying too"]
LABELS = ["annoyance", "neutral", "neutral", "neutral", "annoyance"]
NEW = ["emotion", "emotion_score", "emotion_labels", "label_status"]


KINDS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "table": pa.table,
    "batch": pa.record_batch,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_table_comes_back_as_the_same_kind_with_labels_behind_its_columns(fake, make):
    frame = make({"body": BODIES, "n": [1, 2, 3, 4, 5]})

    labelled = affectflow.annotate(frame, text="body", model="Fake")

    assert type(labelled) is type(frame)
    names = getattr(labelled, "column_names", None) or list(labelled.columns)
    assert list(names) == ["body", "n", *NEW]
    said = labelled["emotion"]
    assert (said.to_list() if hasattr(said, "to_list") else said.to_pylist()) == LABELS


def test_index_order_types_and_other_columns_of_pandas_stay(fake):
    frame = pd.DataFrame(
        {
            "body": pd.Categorical(["so annoying", "fine", "so annoying"]),
            "when": pd.to_datetime(["2026-03-01", None, "2026-03-02"], utc=True),
            "n": pd.array([1, None, 3], dtype="Int64"),
        },
        index=pd.Index([7, 7, 3], name="row"),
    )
    before = frame.copy(deep=True)

    labelled = affectflow.annotate(frame, text="body", model="Fake")

    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(labelled[list(frame.columns)], before)
    assert labelled["emotion"].tolist() == ["annoyance", "neutral", "annoyance"]


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_empty_table_gets_the_columns_of_a_full_one(make):
    full = affectflow.annotate(make({"text": ["thanks!"]}))
    none = affectflow.annotate(make({"text": pa.array([], pa.string()).to_pylist()}))

    names = [list(getattr(t, "column_names", None) or t.columns) for t in (full, none)]
    assert names[0] == names[1]
    assert len(none) == 0


def test_lists_of_labels_in_pandas_are_lists_of_their_own(fake):
    frame = pd.DataFrame({"text": ["so annoying"] * 2 + ["fine", "poison"]})

    with pytest.warns(RefusedWarning):
        labelled = affectflow.annotate(
            frame, model="Fake", options={"poison": "poison"}
        )

    lists = labelled["emotion_labels"].tolist()
    assert lists == [["annoyance"], ["annoyance"], ["neutral"], None]
    lists[0].append("mine")
    assert lists[1] == ["annoyance"]


def test_half_a_surrogate_pair_is_read_as_a_question_mark(fake):
    frame = pd.DataFrame({"text": ["so annoying \ud800", "fine"]})

    labelled = affectflow.annotate(frame, model="Fake")

    assert labelled["emotion"].tolist() == ["annoyance", "neutral"]
    assert labelled["text"].tolist() == frame["text"].tolist()


REFUSED = [
    pytest.param({"text": ["a", 3]}, "got 3 (int) in row 1", id="mixed"),
    pytest.param({"text": [1, 2]}, "got 1 (int) in row 0", id="numbers"),
    pytest.param({"text": [b"a"]}, "(bytes) in row 0", id="bytes"),
    pytest.param({"text": ["a", np.eye(2)]}, "(ndarray) in row 1", id="array"),
    pytest.param({"body": ["a"]}, "is not a column; known: 'body'", id="no column"),
    pytest.param({"txt": ["a"]}, "did you mean 'txt'", id="nearly a column"),
    pytest.param(
        {"text": ["a"], "emotion": ["joy"]}, "already has 'emotion'", id="clash"
    ),
]


@pytest.mark.parametrize(("columns", "said"), REFUSED)
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_what_cannot_be_labelled_is_refused_in_one_line(fake, make, columns, said):
    if (
        make is pl.DataFrame
        and len({type(text) for text in columns.get("text", ())}) > 1
    ):
        frame = pl.DataFrame({"text": pl.Series(columns["text"], dtype=pl.Object)})
    else:
        frame = make(columns)

    with pytest.raises(UsageError) as caught:
        affectflow.annotate(frame, model="Fake")

    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_wrong_value_is_found_before_anything_is_labelled(fake, tmp_path):
    calls = tmp_path / "calls"
    frame = pd.DataFrame({"text": [*["fine"] * MAX_ROWS, 3.5]})

    with pytest.raises(UsageError, match=r"got 3.5 \(float\) in row 16,384"):
        affectflow.annotate(frame, model="Fake", options={"calls": str(calls)})

    assert not calls.exists()


def test_two_columns_of_one_name_are_refused(fake):
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])

    with pytest.raises(UsageError, match="2 columns have that name"):
        affectflow.annotate(frame, model="Fake")


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        (["a"], "polars.DataFrame"),
        ((text for text in ["a"]), 'polars.DataFrame({"text": list(texts)})'),
        (Path("posts.csv"), "read the file first"),
        (pa.table({"text": ["a"]}).to_reader(), ".read_all()"),
        (pl.LazyFrame({"text": ["a"]}), ".collect()"),
        (pa.dataset.dataset(pa.table({"text": ["a"]})), ".to_table()"),
        (pd.DataFrame({"text": ["a"]}).groupby("text")["text"], "that is grouped"),
        (pd.Series(["a"]), ".to_frame()"),
        (None, "convert it to one of these first"),
    ],
)
def test_what_is_no_table_is_refused_with_a_cure(given, cure):
    with pytest.raises(UsageError, match="annotate takes a pandas or Polars") as caught:
        affectflow.annotate(given)

    assert cure in str(caught.value)


def test_a_prefix_sets_the_new_columns_apart(fake):
    frame = pl.DataFrame({"text": ["so annoying"], "emotion": ["mine"]})

    labelled = affectflow.annotate(frame, model="Fake", prefix="model_")

    assert labelled.columns == ["text", "emotion", *(f"model_{name}" for name in NEW)]


def test_a_table_of_several_batches_keeps_its_order_and_is_read_in_batches(
    fake, tmp_path
):
    calls = tmp_path / "calls"
    texts = ["so annoying" if n % 3 == 0 else f"text {n}" for n in range(40_000)]

    labelled = affectflow.annotate(
        pl.DataFrame({"text": texts}), model="Fake", options={"calls": str(calls)}
    )

    expected = ["annoyance" if n % 3 == 0 else "neutral" for n in range(40_000)]
    assert labelled["emotion"].to_list() == expected
    # The first call asks about an empty text which columns there will be.
    assert calls.read_text().split() == ["1", "16384", "16384", "7232"]


def test_a_row_on_which_the_model_fails_is_null_and_is_warned_of(fake):
    frame = pl.DataFrame({"text": ["so annoying", "poison", "fine"]})

    with pytest.warns(RefusedWarning, match=r"1 row of 3 .* row 1: ValueError"):
        labelled = affectflow.annotate(
            frame, model="Fake", options={"poison": "poison"}
        )

    assert labelled["emotion"].to_list() == ["annoyance", None, "neutral"]
    assert labelled["label_status"].to_list() == ["ok", "refused", "ok"]


def test_a_model_over_another_asks_that_one_first(fake):
    frame = pl.DataFrame({"text": ["so annoying", "fine"]})

    labelled = affectflow.annotate(frame, model="Over", over="Fake")

    assert labelled["echo"].to_list() == ["ANNOYANCE", "NEUTRAL"]
    assert "emotion" not in labelled.columns
    with pytest.raises(UsageError, match="name that model with `over`"):
        affectflow.annotate(frame, model="Over")


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table], ids=["polars", "views"])
def test_a_model_of_conversations_gets_them_whole_and_in_time_order(fake, make):
    frame = pl.DataFrame(
        {
            "text": ["fine", "so annoying", "fine", "so annoying"],
            "thread": ["b", "a", "a", "a"],
            "at": ["2026-01-04", "2026-01-03", "2026-01-01", "2026-01-02"],
        }
    ).with_columns(pl.col("at").str.to_datetime(time_zone="UTC"))
    columns = {"conversation_id": "thread", "timestamp": "at"}

    labelled = affectflow.annotate(
        make(frame), model="Mood", over="Fake", columns=columns
    )

    # Of each conversation the last turn in time is labelled, in its own row.
    said = pa.array(labelled["echo"]).to_pylist()
    assert said == ["1 NEUTRAL", "2 ANNOYANCE", None, None]
    with pytest.raises(UsageError, match="also reads conversation_id, timestamp"):
        affectflow.annotate(frame, model="Mood", over="Fake")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"conversation_id": "thread"}, "columns\\['conversation_id'\\]"),
        ({"threads": "n"}, "'threads', which no model reads"),
        ({"timestamp": "n"}, "column 'n' cannot be the timestamp"),
    ],
)
def test_a_wrong_mapping_of_columns_is_refused(fake, columns, said):
    frame = pl.DataFrame({"text": ["a"], "n": ["no time"]})

    with pytest.raises(UsageError, match=said):
        affectflow.annotate(frame, model="Fake", columns=columns)


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'EmbeddedEmotions'"):
        affectflow.annotate(pl.DataFrame({"text": ["a"]}), model="EmbededEmotions")


# -- the embedded models ---------------------------------------------------------------

SAID = """
    SELECT u.text, e.labels, e.label, e.score, e.status, f.labels <> [] AS frustration
    FROM utterances AS u
    JOIN emotions AS e ON e.utterance_id = u.utterance_id AND e.task = 'emotion'
    JOIN emotions AS f ON f.utterance_id = u.utterance_id AND f.task = 'frustration'
    ORDER BY u.utterance_id
"""


def test_a_table_gets_the_labels_that_the_lake_has(demo):
    _, folder = demo
    with affectflow.open_lake(folder) as lake:
        stored = lake.sql(SAID).pl()
    texts = stored.select("text")

    labelled = affectflow.annotate(texts)

    answered = stored["status"] == "ok"
    assert answered.sum() > 300
    mine, lakes = labelled.filter(answered), stored.filter(answered)
    assert mine["emotion"].to_list() == lakes["label"].to_list()
    assert mine["emotion_labels"].to_list() == lakes["labels"].to_list()
    assert mine["frustration"].to_list() == lakes["frustration"].to_list()
    scores = (mine["emotion_score"] - lakes["score"]).drop_nulls().abs()
    assert scores.max() < 1e-6
    assert labelled["label_status"].to_list() == stored["status"].to_list()


def test_a_scale_gives_its_value_and_silence_gives_none():
    frame = pd.DataFrame({"text": ["I love it", "I hate it", None, "شكرا جزيلا لك"]})

    labelled = affectflow.annotate(frame, model="EmbeddedValence")

    assert list(labelled.columns) == ["text", "valence", "label_status"]
    assert labelled["valence"][0] > 0.6 > 0.4 > labelled["valence"][1]
    assert labelled["valence"].isna().tolist() == [False, False, True, True]
    statuses = labelled["label_status"].tolist()
    assert statuses[2:] == ["no_author_text", "unsupported_language"]


def test_a_thousand_posts_are_labelled_and_plotted_in_five_lines(
    demo, tmp_path, monkeypatch
):
    _, folder = demo
    with affectflow.open_lake(folder) as lake:
        bodies = lake.sql("SELECT text AS body FROM utterances LIMIT 200").pl()
    monkeypatch.chdir(tmp_path)
    pl.concat([bodies] * 5).write_csv("posts.csv")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    five = readme.split("```python\n")[1].split("```")[0]
    assert len([line for line in five.splitlines() if line]) == 5

    names: dict = {}
    exec(compile(five, "README.md", "exec"), names)

    assert names["labelled"].height == 1_000
    assert names["counts"]["count"].sum() > 500
    assert "<svg" in (tmp_path / "emotions.svg").read_text()[:200]


def test_nothing_is_warned_of_where_nothing_is_wrong(fake):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        affectflow.annotate(pd.DataFrame({"text": BODIES}), model="Fake")
