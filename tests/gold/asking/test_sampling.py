import csv
import io
import shutil

import duckdb
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.gold.asking import sampling
from affectflow.gold.asking.allotting import allot
from affectflow.gold.asking.sampling import How, choose, draw
from affectflow.gold.asking.sheets import (
    Line,
    Sheet,
    as_csv,
    defused,
    restored,
    sheet_of,
)
from affectflow.gold.targets.labels import families_of, targets_of
from affectflow.lake import Lake, open_lake
from affectflow.lake.files import read_file
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store
from tests.given.validation_lakes import CONVERSATIONS, MODEL, label, made, size_of

pytestmark = pytest.mark.rotated

FRUSTRATION = targets_of("frustration")
PEOPLE = CONVERSATIONS - 1  # conversation 7 is a bot's


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return made(tmp_path_factory.mktemp("lake") / "lake")


@pytest.fixture(scope="module")
def labelled(plain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled") / "lake"
    shutil.copytree(plain, folder)
    rule = lambda text: "AGAIN" in text  # noqa: E731
    label(str(folder), rule, task="frustration", name="frustration")
    label(str(folder), rule, task="emotion", name="annoyance")
    return str(folder)


def drawn(uri, **options):
    return draw(Lake.open(uri), options.pop("targets", FRUSTRATION), **options)


def inclusion(uri, sample):
    return dict(
        ask(
            uri,
            "SELECT unit_id, value FROM measures WHERE kind = 'inclusion' "
            f"AND label = '{sample.sample_id}'",
        )
    )


def thread_of(utterance_id):
    return int(utterance_id.split(":")[1].split("/")[0])


# -- drawing -------------------------------------------------------------------------


def test_a_sample_has_at_most_one_message_of_a_conversation_and_none_of_a_bot(plain):
    _, ids = drawn(plain, n=PEOPLE)

    threads = [thread_of(each) for each in ids]
    assert sorted(threads) == [t for t in range(CONVERSATIONS) if t != 7]


def test_the_inclusion_probability_is_that_of_both_steps(plain):
    sample, ids = drawn(plain, n=60)

    # 60 of 239 conversations, then one of its messages.
    expected = {each: 60 / PEOPLE / size_of(thread_of(each)) for each in ids}
    assert inclusion(plain, sample) == pytest.approx(expected)
    assert sample.conversations == PEOPLE


def test_unless_told_how_many_all_there_are_are_drawn_up_to_enough(plain, monkeypatch):
    assert drawn(plain)[0].n == PEOPLE < sampling.ENOUGH

    monkeypatch.setattr(sampling, "ENOUGH", 60)
    assert drawn(plain)[0].n == 60


@pytest.mark.proof
def test_messages_are_drawn_as_often_as_their_probability_says(plain):
    seeds = 100
    with open_lake(plain) as connection:
        taken = [
            utterance_id
            for seed in range(seeds)
            for utterance_id in choose(connection, FRUSTRATION, How(60, seed))[0][
                "utterance_id"
            ].to_pylist()
        ]
    threads = [thread_of(each) for each in taken]
    first = [each for each in taken if each.endswith("/0")]

    # A conversation is in a quarter of the samples; standard error 4 %.
    assert threads.count(3) / seeds == pytest.approx(60 / PEOPLE, abs=0.16)
    # Sizes 1, 2 and 3 are equally frequent: (1 + 1/2 + 1/3) / 3 = 0.611 are first ones.
    assert len(first) / len(taken) == pytest.approx(0.611, abs=0.03)


def test_equal_seeds_draw_equal_samples_and_change_nothing(plain):
    first = drawn(plain, n=30, seed=5)
    files = Lake.open(plain).committed("measures")

    assert drawn(plain, n=30, seed=5) == first
    assert Lake.open(plain).committed("measures") == files
    assert drawn(plain, n=30, seed=6)[1] != first[1]


def chosen_in(uri):
    query = "SELECT utterance_id FROM annotations WHERE label = 'frustration'"
    return {utterance_id for (utterance_id,) in ask(uri, query)}


@pytest.mark.rotated
def test_strata_draw_more_of_what_the_annotator_found(labelled):
    sample, ids = drawn(labelled, n=60, stratify="score")
    found = chosen_in(labelled)

    assert sample.annotator_id == MODEL
    assert sum(each in found for each in ids) >= 25
    chances = inclusion(labelled, sample)
    # Horvitz and Thompson: the weights of a sample sum to the messages of the lake,
    # 480 less the 2 of the bot, up to chance.
    assert sum(1 / p for p in chances.values()) == pytest.approx(478, rel=0.2)


def test_the_order_of_a_sheet_tells_no_stratum(labelled):
    _, ids = drawn(labelled, n=80, stratify="score")
    found = chosen_in(labelled)

    # Half of the sample is what the annotator found, and so is half of any part of it.
    halves = [sum(each in found for each in ids[k : k + 40]) for k in (0, 40)]
    assert sum(halves) == 40
    assert all(13 <= half <= 27 for half in halves)  # 20 +- 3 standard errors


@pytest.mark.parametrize(
    ("sizes", "n", "expected"),
    [
        pytest.param({"rest": 90}, 40, {"rest": 40}, id="no strata"),
        pytest.param(
            {"chosen": 100, "maybe": 100, "rest": 100},
            40,
            {"chosen": 20, "maybe": 10, "rest": 10},
            id="half, a quarter, a quarter",
        ),
        pytest.param(
            {"chosen": 3, "rest": 90}, 40, {"chosen": 3, "rest": 37}, id="few found"
        ),
        pytest.param(
            {"chosen": 90, "maybe": 1, "rest": 2},
            40,
            {"chosen": 37, "maybe": 1, "rest": 2},
            id="few left",
        ),
    ],
)
def test_a_sample_is_allotted_to_its_strata(sizes, n, expected):
    assert allot(sizes, n) == expected


def test_only_what_an_annotator_of_the_task_answered_is_drawn(labelled, tmp_path):
    copy = tmp_path / "lake"
    shutil.copytree(labelled, copy)
    lake = Lake.open(str(copy))
    path = f"{MODEL}-frustration/all.parquet"
    rows = read_file(lake.storage, "annotations", path).to_pylist()
    for row in rows[:400]:
        row |= {"label": None, "status": "unsupported_language", "chosen": False}
    from tests.given.validation_lakes import add

    add(lake, "annotations", "other/all.parquet", rows)
    from affectflow.lake.commits import commit

    commit(lake.storage, "annotations", [], [path])

    _, ids = drawn(str(copy), n=30)
    assert set(ids) <= {row["utterance_id"] for row in rows[400:]}


# -- who has words of their own ------------------------------------------------------

QUOTE = "> so slow"


@pytest.mark.parametrize(
    ("text", "spans", "eligible"),
    [
        pytest.param("so slow", [], True, id="words"),
        pytest.param(QUOTE, [(0, 9)], False, id="a quote alone"),
        pytest.param(QUOTE + "\n ok", [(0, 9)], True, id="words after a quote"),
        pytest.param("ok " + QUOTE, [(3, 12)], True, id="words before a quote"),
        pytest.param(QUOTE + "\n--", [(0, 9)], False, id="signs after a quote"),
        pytest.param(QUOTE + "?", [(0, 9)], True, id="a question mark"),
        pytest.param(QUOTE, [(0, 9), (2, 4)], False, id="a span within a span"),
        pytest.param("👍", [], True, id="an emoji"),
        pytest.param("  ", [], False, id="blanks"),
        pytest.param("", [], False, id="empty"),
    ],
)
def test_silence_is_not_drawn(text, spans, eligible):
    segment = pa.struct([("start", pa.int32()), ("end", pa.int32())])
    told = pa.table(
        {
            "utterance_id": ["u"],
            "conversation_id": ["c"],
            "text": [text],
            "by_bot": [False],
            "segments": pa.array(
                [[{"start": s, "end": e} for s, e in spans]], pa.list_(segment)
            ),
        }
    )
    with duckdb.connect() as connection:
        connection.register("placed_utterances", told)
        connection.execute("CREATE TABLE cues (utterance_id VARCHAR, start INT)")
        sampling.make_eligible(connection, "frustration", [])
        found = connection.execute("SELECT count(*) FROM eligible").fetchall()[0][0]

    assert found == eligible


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"n": 0}, "--n must be at least 1, got 0", id="none"),
        pytest.param(
            {"n": 9, "stratify": "score", "annotator": "x"},
            f"no annotator 'x'.*{MODEL}",
            id="annotator",
        ),
        pytest.param({"n": 2, "stratify": "score"}, "give --n 6", id="few for strata"),
        pytest.param({"n": 9, "stratify": "x"}, "none or score", id="strata"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_with_the_cure(labelled, options, message):
    with pytest.raises(UsageError, match=message):
        drawn(labelled, **options)


def test_of_more_than_there_are_all_are_drawn(labelled):
    sample, ids = drawn(labelled, n=600)

    assert sample.n == len(set(ids)) == 478  # 480 less the 2 of the bot
    assert set(inclusion(labelled, sample).values()) == {1.0}


def test_without_scores_there_are_no_strata(plain):
    with pytest.raises(UsageError, match="first run `affectflow annotate`"):
        drawn(plain, n=9, stratify="score")


def test_a_lake_of_bots_has_nothing_to_label(tmp_path):
    store(str(tmp_path / "lake"), utterances("done", "done", is_bot=True))

    with pytest.raises(UsageError, match="nothing to label"):
        drawn(str(tmp_path / "lake"), n=1)


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        ("anger", [], "no task 'anger'; known: frustration, emotion"),
        ("frustration", ["anger"], "--task emotion"),
        ("emotion", ["angre"], "no label 'angre'; did you mean anger"),
        ("emotion", ["disgust", "irritation"], "spell them as vocabulary:label"),
        ("emotion", ["ekmann:anger"], "no vocabulary 'ekmann'"),
        ("emotion", ["ekman:love"], "no label 'love'"),
        ("emotion", ["zzzz"], "no label 'zzzz'; known: .*, [.]{3}"),
    ],
)
def test_unknown_labels_are_errors_that_name_the_near_ones(task, labels, message):
    with pytest.raises(UsageError, match=message):
        targets_of(task, labels)


# -- labels --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], "ekman"),
        (["joy", "anger"], "ekman"),
        (["joy", "annoyance"], "goemotions"),
        (["irritation"], "irritation"),
        (["goemotions:joy"], "goemotions"),
    ],
    ids=["default", "of ekman", "finer", "a family", "spelt"],
)
def test_labels_are_looked_for_in_the_vocabularies(labels, expected):
    assert {t.vocabulary for t in targets_of("emotion", labels)} == {expected}


def test_finer_labels_decide_a_family_if_all_of_them_are_asked():
    three = targets_of("emotion", ["annoyance", "anger", "disappointment"])

    assert [t.name for t in families_of(three)] == ["irritation"]
    assert families_of(three[:2]) == []


def test_a_finer_label_that_is_spelt_like_a_family_is_told_apart():
    (fine,) = targets_of("emotion", ["goemotions:joy"])
    (family,) = targets_of("emotion", ["ekman:joy"])

    assert (fine.name, family.name) == ("goemotions:joy", "joy")


# -- the sheet -----------------------------------------------------------------------


def test_a_sheet_shows_two_turns_before_and_names_nobody(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("first", "second", "third", "fourth"))
    lake = Lake.open(uri)
    sample, _ = drawn(uri, n=1)

    (line,) = sheet_of(lake, sample, ["test:3"]).lines

    # Accounts 0, 1, 2, 0 speak in turn: the fourth message is by the first author.
    assert line == Line(
        "test:3", "[another author] second\n\n[another author] third", "fourth"
    )


def rows_of(sheet):
    text = as_csv(sheet).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_sheet_has_a_column_for_each_label(plain):
    targets = targets_of("emotion", ["anger", "joy"])
    sample, ids = drawn(plain, targets=targets, n=3)

    rows = rows_of(sheet_of(Lake.open(plain), sample, ids))

    heads = ["sample_id", "utterance_id", "rater", "context", "text", "anger", "joy"]
    assert [list(row) for row in rows] == [heads] * 3
    assert [row["utterance_id"] for row in rows] == ids
    assert {row["rater"] + row["anger"] + row["joy"] for row in rows} == {""}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "fine", "'x"])
def test_no_text_runs_in_a_spreadsheet(plain, cell):
    sample, _ = drawn(plain, n=1)
    sheet = Sheet(sample, [Line("test:1", "", cell)])

    (row,) = rows_of(sheet)

    assert row["text"][0] not in "=+-@\t\r"
    assert restored(defused(cell)) == cell
