"""ClusterThemes: causes in groups that a person can name."""

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from affectflow.errors import MissingColumnError, UsageError
from affectflow.schemas import THEME_MEMBERS, THEMES
from affectflow_transforms.causes import ClusterThemes
from affectflow_transforms.causes.terms import concerns_of, stem, terms_of

COLUMNS = (
    "cause_id",
    "label",
    "family",
    "cause_text",
    "summary",
    "conversation_id",
    "title",
)
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])

FLAKY = [
    "the flaky tests fail on every push",
    "flaky tests again",
    "another flaky test in the parser",
    "these flaky tests block my branch",
    "our flaky tests waste a whole morning",
]
DOCS = [
    "the documentation is outdated",
    "outdated docs everywhere",
    "the readme is outdated and misleading",
    "nothing of this is documented",
]
GENERIC = [
    "this is not a thing",
    "this issue is the same",
    "it is what it is",
    "that was wrong",
    "you did it again",
]


def causes(texts: list[str], **given: str) -> list[dict[str, Any]]:
    family = given.get("family", "irritation")
    return [
        {
            "cause_id": f"{family}{number:03d}",
            "family": family,
            "cause_text": text,
            "conversation_id": f"c{number}",
            **given,
        }
        for number, text in enumerate(texts)
    ]


def cluster(rows: list[dict[str, Any]], **options: Any) -> tuple[Any, Any]:
    themes, members = ClusterThemes(**options).cluster(
        pa.Table.from_pylist(rows, schema=SCHEMA)
    )
    assert (themes.schema, members.schema) == (THEMES, THEME_MEMBERS)
    return themes.to_pylist(), members.to_pylist()


def test_causes_of_one_concern_come_together() -> None:
    themes, members = cluster(causes(FLAKY + DOCS + GENERIC))
    titles = [theme["title"].split(" / ")[0] for theme in themes]
    assert titles == ["flaky tests", "documentation"]
    inside = {member["cause_id"] for member in members}
    assert inside == {f"irritation{number:03d}" for number in range(9)}


def test_words_of_no_concern_can_make_a_theme() -> None:
    texts = [
        "the gamma ray plotter draws nothing",
        "gamma ray spectra overlap",
        "a gamma ray source vanished",
        "gamma ray units are unknown",
    ]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"].startswith("gamma ray")
    assert "gamma ray" in theme["keywords"]


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
    for row in rows[:5]:
        row["conversation_id"] = "c0"
    (theme,), _ = cluster(rows)
    assert "irritation005" in theme["exemplar_ids"][:2]
    assert len(theme["exemplar_ids"]) == 5


def test_a_cause_counts_once_and_needs_words() -> None:
    rows = causes(DOCS)
    nothing = {"cause_id": "x", "family": "irritation", "cause_text": None}
    assert cluster([*rows, *rows, nothing]) == cluster(rows)


def test_columns_that_are_optional_may_lack() -> None:
    table = pa.Table.from_pylist(causes(DOCS), schema=SCHEMA)
    themes, _ = ClusterThemes().cluster(
        table.drop_columns(["title", "conversation_id"])
    )
    assert themes["size"].to_pylist() == [4]


def test_a_column_that_is_required_may_not() -> None:
    table = pa.Table.from_pylist(causes(DOCS), schema=SCHEMA)
    with pytest.raises(MissingColumnError, match="family"):
        ClusterThemes().cluster(table.drop_columns(["family"]))


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
    "linkage": {"linkage": 0.0},
    "nearest": {"nearest": 1.1},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG.keys())
def test_settings_out_of_range_are_refused(options: Any) -> None:
    with pytest.raises(UsageError, match="ClusterThemes wants"):
        ClusterThemes(**options)


STEMS = {
    "dependencies": "dependency",
    "crashes": "crash",
    "dropped": "drop",
    "merging": "merg",
    "docs": "documentation",
    "class": "class",
}


@pytest.mark.parametrize(("word", "expected"), STEMS.items(), ids=STEMS.keys())
def test_stems_leave_inflection_out(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_terms_are_content_words_and_adjacent_pairs() -> None:
    assert terms_of("The memory leak of our GPU driver") == [
        ("memory", "memory"),
        ("leak", "leak"),
        ("memory leak", "memory leak"),
        ("gpu", "GPU"),
        ("driver", "driver"),
        ("gpu driver", "GPU driver"),
    ]


CONCERNS = {
    "three flaky tests": ["tests", "flaky tests"],
    "this was closed as a duplicate": "issues closed or locked",
    "nobody answered for weeks": "unanswered issues",
    "I lost two hours of work": "wasted time",
    "such a condescending reply": "tone of maintainers and users",
    "it segfaults": "crashes",
}


@pytest.mark.parametrize(("text", "expected"), CONCERNS.items(), ids=CONCERNS.keys())
def test_concerns_are_recognised(text: str, expected: str | list[str]) -> None:
    wanted = [expected] if isinstance(expected, str) else expected
    assert set(wanted) <= set(concerns_of(text))


@pytest.mark.parametrize("text", ["I don't know", "I don’t know", "they didn’t"])
def test_a_contraction_is_no_term_however_its_apostrophe_is_written(text: str) -> None:
    terms = [term for term, _ in terms_of(text)]

    assert not {"don", "didn", "don't", "didn't"} & set(terms)
