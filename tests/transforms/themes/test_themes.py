"""WordClusterer: causes in groups that a person can name."""

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from affectflow.errors import MissingColumnError, UsageError
from affectflow.steps import themes as hosting
from affectflow_transforms.themes.clusterer import WordClusterer
from tests.given.theme_causes import DOCS, FLAKY, GENERIC, SCHEMA, causes, cluster


def test_causes_of_one_concern_come_together() -> None:
    themes, members = cluster(causes(FLAKY + DOCS + GENERIC))
    titles = [theme["title"].split(" / ")[0] for theme in themes]
    assert titles == ["flaky tests", "documentation"]
    inside = {member["cause_id"] for member in members}
    assert inside == {f"irritation{number:03d}" for number in range(9)}


def test_words_without_content_make_no_theme() -> None:
    assert cluster(causes(GENERIC)) == ([], [])


def test_sizes_add_up_and_ids_point_at_members() -> None:
    themes, members = cluster(causes(FLAKY + DOCS + GENERIC))
    assert Counter(m["theme_id"] for m in members) == {
        theme["theme_id"]: theme["size"] for theme in themes
    }
    of = {m["cause_id"]: m["theme_id"] for m in members}
    for theme in themes:
        assert len(theme["keywords"]) <= 8
        assert 1 <= len(theme["exemplar_ids"]) <= 5
        assert {of[cause] for cause in theme["exemplar_ids"]} == {theme["theme_id"]}
    assert all(0 < member["membership"] <= 1 for member in members)
    assert len(of) == len(members)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = causes(FLAKY + DOCS + GENERIC) + causes(DOCS, family="joy")
    before = cluster(rows)
    random.Random(5).shuffle(rows)
    assert cluster(rows) == before


def test_families_are_clustered_apart() -> None:
    rows = causes(DOCS) + causes(DOCS, family="joy")
    themes, _ = cluster(rows)
    clusterings = [theme["clustering_id"].split("-")[0] for theme in themes]
    assert clusterings == ["irritation", "joy"]
    assert len({theme["theme_id"] for theme in themes}) == 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_causes_make_no_theme(count: int) -> None:
    assert cluster(causes(DOCS[:count])) == ([], [])


def test_one_conversation_alone_makes_no_theme() -> None:
    assert cluster(causes(DOCS, conversation_id="c1")) == ([], [])


def test_exemplars_come_from_different_conversations_first() -> None:
    rows = causes(["the outdated documentation"] * 6)
    for row in rows[:4]:
        row["conversation_id"] = "c0"
    (theme,), _ = cluster(rows)
    assert {"irritation004", "irritation005"} < set(theme["exemplar_ids"][:3])
    assert len(theme["exemplar_ids"]) == 5


def test_a_cause_counts_once_and_needs_words() -> None:
    rows = causes(DOCS)
    nothing = {"cause_id": "x", "family": "irritation", "cause_text": None}
    assert cluster([*rows, *rows, nothing]) == cluster(rows)


def test_columns_that_are_optional_may_lack() -> None:
    table = pa.Table.from_pylist(causes(DOCS), schema=SCHEMA)
    less = table.drop_columns(["title", "conversation_id"])
    themes, _ = hosting.cluster(WordClusterer(), less)
    assert themes["size"].to_pylist() == [4]


def test_a_column_that_is_required_may_not() -> None:
    table = pa.Table.from_pylist(causes(DOCS), schema=SCHEMA)
    with pytest.raises(MissingColumnError, match="family"):
        hosting.cluster(WordClusterer(), table.drop_columns(["family"]))


def test_settings_change_the_clustering_but_not_the_theme() -> None:
    (one,), _ = cluster(causes(DOCS))
    (other,), _ = cluster(causes(DOCS), linkage=0.8)
    assert one["clustering_id"] != other["clustering_id"]
    assert one["theme_id"] == other["theme_id"]


def test_causes_beyond_the_sample_join_what_was_found_in_it() -> None:
    rows = causes((FLAKY + DOCS) * 20)
    themes, members = cluster(rows, sample=30)
    assert [theme["title"].split(" / ")[0] for theme in themes] == [
        "flaky tests",
        "documentation",
    ]
    assert len(members) == len(rows)


WRONG = {
    "min_size": {"min_size": 1},
    "sample": {"sample": 2},
    "fitted": {"fitted": 3999},
    "linkage": {"linkage": 0.0},
    "nearest": {"nearest": 1.1},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG.keys())
def test_settings_out_of_range_are_refused(options: Any) -> None:
    with pytest.raises(UsageError, match="WordClusterer: `"):
        WordClusterer(**options)
