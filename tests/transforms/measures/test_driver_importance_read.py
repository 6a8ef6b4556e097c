"""DriverImportance of files, pipelines and lakes."""

import duckdb
import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file, measure_lake
from tests.given.factories import utterances
from tests.given.people import add_rows
from tests.given.stage_runs import ask, store


@pytest.fixture
def wide(tmp_path):
    path = tmp_path / "wide.csv"
    lines = ["repo,wait,review,mood"]
    for n, repo in enumerate(["one", "two"] * 8):
        wait, review = n // 2 % 2, n // 4 % 2
        mood = (4 * wait + 2 * review) if repo == "one" else (2 * wait + 4 * review)
        lines.append(f"{repo},{wait},{review > 0},{mood}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_factors_are_columns_of_a_wide_file(wide):
    options = {"outcome": "mood", "factors": "wait,review"}

    found = measure_file(wide, "DriverImportance", options=options, by="repo")

    shares_of = {
        (row["group"], row["unit_id"]): row["value"]
        for row in found.rows
        if row["label"] == "importance"
    }
    assert shares_of["one", "wait"] == pytest.approx(0.8, abs=1e-12)
    assert shares_of["two", "wait"] == pytest.approx(0.2, abs=1e-12)


def test_a_missing_column_is_named_with_those_that_are_there(wide):
    options = {"outcome": "mood", "factors": "wait,role"}

    with pytest.raises(UsageError) as caught:
        measure_file(wide, "DriverImportance", options=options)

    said = str(caught.value)
    assert (
        "needs the column 'role': name your column with --set factors=COLUMN,...;"
        in said
    )
    assert "columns here: repo, " in said


@pytest.fixture(scope="module")
def lake(tmp_path_factory, own_configuration):
    """Four threads of 12 messages by six people; in each the owner writes once."""
    uri = str(tmp_path_factory.mktemp("measured") / "lake")
    texts = [f"message {n}" for n in range(48)]
    batch = utterances(
        *texts,
        conversation_id=[f"test:{n // 12}" for n in range(48)],
        speaker_id=[f"account-{n // 2 % 6}" for n in range(48)],
        speaker_role=["owner" if n % 12 == 5 else "none" for n in range(48)],
        attrs=[[("mood", "odd" if n % 2 else "even")] for n in range(48)],
    )
    store(uri, batch)
    ids = batch.column("utterance_id").to_pylist()
    add_rows(uri, "annotators", [{"annotator_id": "model@1", "kind": "model"}])
    add_rows(uri, "annotations", [
        {"utterance_id": each, "annotator_id": "model@1", "task": "frustration",
         "label": "frustration", "score": n % 12 / 12, "chosen": n % 12 in (3, 4, 5),
         "rank": 1, "status": "ok"} for n, each in enumerate(ids)
    ])  # fmt: skip
    return uri


@pytest.mark.rotated
def test_a_lake_knows_circumstances_attributes_and_an_annotators_label(lake):
    options = {"factors": "wait_hours,attrs.mood"}

    found = measure_lake(lake, "DriverImportance", options=options)

    said = {(row["unit_id"], row["label"]): row["value"] for row in found.rows}
    # Minutes since the first, or the owner, wrote: 0 to 5, then 1 to 6.
    waits = np.array([*range(6), *range(1, 7)] * 4) / 60
    moods = np.arange(48) % 2
    chosen = np.isin(np.arange(48) % 12, (3, 4, 5))
    given = np.column_stack([np.ones(48), waits, moods])
    slopes = np.linalg.lstsq(given, chosen.astype(float), rcond=None)[0]
    assert said["wait_hours", "slope"] == pytest.approx(slopes[1], rel=1e-6)
    apart = (
        said["attrs.mood=odd", "attribution"] - said["attrs.mood=even", "attribution"]
    )
    assert apart == pytest.approx(slopes[2], abs=1e-9)


def test_levels_of_too_few_messages_are_counted_and_not_shown(lake):
    found = measure_lake(lake, "DriverImportance", options={"factors": "role"})

    levels = [row["unit_id"] for row in found.rows if row["unit_type"] == "level"]
    # The owner wrote four messages.
    assert levels == ["role=none"]
    hidden = [(r["value"], r["n"]) for r in found.rows if r["label"] == "hidden"]
    assert hidden == [(1, 4)]


def test_a_score_may_be_the_outcome(lake):
    options = {"factors": "turns_before", "told": "score", "annotator": "model"}

    found = measure_lake(lake, "DriverImportance", options=options)

    said = {row["label"]: row["value"] for row in found.rows}
    assert said["slope"] == pytest.approx(1 / 12, rel=1e-6)


def test_a_circumstance_may_be_the_outcome_and_drivers_are_ranked(lake):
    options = {"outcome": "turns_before", "factors": "attrs.mood,wait_hours"}
    measure_lake(lake, "DriverImportance", options=options)

    found = ask(
        lake,
        "SELECT rank, factor, importance > 0.9, slope > 0, n FROM drivers "
        "WHERE outcome = 'turns_before'",
    )

    assert found == [
        (1, "wait_hours", True, True, 48),
        (2, "attrs.mood", False, None, 48),
    ]


@pytest.mark.rotated
def test_a_factor_that_a_lake_does_not_know_is_answered(lake):
    with pytest.raises(UsageError, match="a lake has no factor 'wait_hour'; did you"):
        measure_lake(lake, "DriverImportance", options={"factors": "wait_hour"})


def test_an_outcome_that_nobody_gives_is_answered(lake):
    with pytest.raises(UsageError, match="an annotator that gives the label 'bliss'"):
        measure_lake(lake, "DriverImportance", options={"outcome": "bliss"})


# Heated issue threads, whose comments people called uncivil or not.
HEATED = """
COPY (
  SELECT issue_id AS unit, tbdf IS NOT NULL AS uncivil,
    contains(comment_body, '```') AS has_code, length(comment_body) AS length
  FROM read_csv($comments)
) TO '{}'
"""


def test_in_heated_threads_code_goes_with_civil_comments(shared_data, tmp_path):
    path, comments = tmp_path / "heated.parquet", "gh_incivility/comments.csv.gz"
    with duckdb.connect() as connection:
        given = {"comments": str(shared_data / comments)}
        connection.execute(HEATED.format(path), given)
    options = {"outcome": "uncivil", "factors": "has_code,length"}

    found = measure_file(str(path), "DriverImportance", options=options, draws=100)

    said = {(row["unit_id"], row["label"]): row for row in found.rows}
    assert said["has_code", "slope"]["high"] < 0
    assert said["uncivil", "r2"]["high"] < 0.1  # who wrote it, and why, tells more
