"""ClusterThemes hosts any clusterer: here a stranger's that knows single words."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import (
    MOST_PEOPLE,
    TERMS,
    Assigned,
    Clusterer,
    Name,
)
from affectflow.steps import tallies
from affectflow.steps.themes import ClusterThemes, cluster
from affectflow.testing import check_clusterer

TEXTS = ["slow build", "build fails", "the build", "red tests", "tests hang", "why"]


@dataclass(kw_only=True)
class ByFirstWord(Clusterer[list[str]]):
    """Groups causes by the first of the commonest words that is in them."""

    words: int = 2

    def fit(self, sample: pa.Table, total: int) -> list[str]:
        said = Counter(w for text in _texts(sample) for w in text.split())
        return sorted(said, key=lambda word: (-said[word], word))[: self.words]

    def assign(self, causes: pa.Table, model: list[str]) -> Assigned:
        groups = [
            next((n for n, word in enumerate(model) if word in text.split()), -1)
            for text in _texts(causes)
        ]
        return Assigned(groups, [1.0] * len(groups))

    def name(self, groups: Any, model: list[str]) -> dict[int, Name]:
        return {group: Name(model[group], [model[group]]) for group in groups}


def _texts(causes: pa.Table) -> list[str]:
    texts: list[str] = causes.column("cause_text").to_pylist()
    return texts


def causes(texts: list[str] = TEXTS) -> pa.Table:
    return pa.table(
        {
            "cause_id": [f"k{number}" for number in range(len(texts))],
            "family": ["anger"] * len(texts),
            "cause_text": texts,
            "summary": pa.nulls(len(texts), pa.string()),
            "conversation_id": [f"c{number}" for number in range(len(texts))],
        }
    )


def test_groups_become_themes_with_their_members() -> None:
    themes, members = cluster(ByFirstWord(min_size=2, min_people=2), causes())

    assert [(t["title"], t["size"]) for t in themes.to_pylist()] == [
        ("build", 3),
        ("tests", 2),
    ]
    of = dict(zip(themes["theme_id"].to_pylist(), "BT", strict=True))
    found = {m["cause_id"]: of[m["theme_id"]] for m in members.to_pylist()}
    assert found == {"k0": "B", "k1": "B", "k2": "B", "k3": "T", "k4": "T"}


def test_the_same_causes_are_the_same_theme_whatever_the_settings() -> None:
    (one, _), (other, _) = (cluster(ByFirstWord(words=n), causes()) for n in (1, 2))

    assert one["theme_id"][0] == other["theme_id"][0]
    assert one["clustering_id"][0] != other["clustering_id"][0]


SPOKEN = {
    "three people": (["a", "b", "c"], 1),
    "two of three causes are of one person": (["a", "b", "b"], 0),
    "nobody is named, so the conversations count": ([None, None, None], 1),
    "one of them is not named": (["a", "b", None], 1),
}


@pytest.mark.parametrize(("speakers", "expected"), SPOKEN.values(), ids=SPOKEN.keys())
def test_a_theme_needs_three_people(speakers: list[Any], expected: int) -> None:
    rows = causes(TEXTS[:3])
    spoken = rows.append_column("speaker_id", pa.array(speakers, pa.string()))

    themes, _ = cluster(ByFirstWord(), spoken)

    assert themes.num_rows == expected


def test_how_many_people_and_causes_a_theme_needs_can_be_said() -> None:
    rows = causes(TEXTS[:3])
    spoken = rows.append_column("speaker_id", pa.array(["a", "b", "b"]))

    found = {
        options: cluster(ByFirstWord(**dict(options)), spoken)[0].num_rows
        for options in ((("min_people", 2),), (("min_people", 1), ("min_size", 4)))
    }

    assert list(found.values()) == [1, 0]


def test_people_of_a_theme_are_counted_over_parts() -> None:
    rows = causes([f"build {n}" for n in range(200)])
    speakers = pa.array([f"s{n % 70}" for n in range(200)])
    rows = rows.append_column("speaker_id", speakers)
    parts = [rows.slice(first, 20) for first in range(0, 200, 20)]
    groups = [np.zeros(20, dtype=np.int64)] * 10
    near = [np.ones(20)] * 10
    found = [
        tallies.tally(group, close, part, TERMS.empty_table())
        for group, close, part in zip(groups, near, parts, strict=True)
    ]

    whole = tallies.add_up([tallies.add_up(found[:3]), *found[3:]])

    assert whole.people.num_rows == MOST_PEOPLE
    assert tallies.groups_of(whole, 200, MOST_PEOPLE)[0].size == 200


def test_the_sample_holds_the_causes_of_the_smallest_hash() -> None:
    fitted: list[list[str]] = []

    class Noting(ByFirstWord):
        def fit(self, sample: pa.Table, total: int) -> list[str]:
            fitted.append(sample.column("cause_id").to_pylist())
            return super().fit(sample, total)

    for seed in (1, 2):
        rows = causes(TEXTS * 50)
        order = random.Random(seed).sample(range(rows.num_rows), rows.num_rows)
        cluster(Noting(fitted=20), rows.take(order))

    assert len(fitted[0]) == 20
    assert fitted[0] == fitted[1]


def test_a_clusterer_of_a_stranger_passes_the_check() -> None:
    clusterer = ByFirstWord(min_size=2, min_people=2)

    assert check_clusterer(clusterer, causes()).num_rows == 2


class ByPlace(ByFirstWord):
    def assign(self, causes: pa.Table, model: list[str]) -> Assigned:
        groups = [number % 2 for number in range(causes.num_rows)]
        return Assigned(groups, [1.0] * len(groups))


class Forgetful(ByFirstWord):
    def assign(self, causes: pa.Table, model: list[str]) -> Assigned:
        return super().assign(causes.slice(1), model)


@pytest.mark.parametrize(
    ("kind", "texts", "broken"),
    [
        pytest.param(ByPlace, TEXTS, "in another order", id="looks at the order"),
        pytest.param(Forgetful, TEXTS, "for 6 causes of", id="leaves causes out"),
        pytest.param(ByFirstWord, ["why", "so"], "no theme came out", id="nothing"),
    ],
)
def test_a_broken_promise_is_named(kind: Any, texts: list[str], broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check_clusterer(kind(words=2 if texts is TEXTS else 0), causes(texts))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_sise": 3}, "unknown option `min_sise`"),
        ({"min_size": "few"}, "option `min_size` .* must be a whole number"),
        ({"fitted": 0}, "`fitted` must be at least 1"),
        ({"min_size": 1}, "`min_size` must be at least 2"),
        ({"min_people": 0}, "`min_people` must be from 1 to 64"),
    ],
)
def test_options_that_a_clusterer_does_not_take_are_refused_at_once(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        ClusterThemes(clusterer_options=options)
