"""The steps of clustering, over causes in parts: what all together give."""

import json
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow.schemas import THEMES
from affectflow.steps import themes as hosting
from affectflow_transforms.themes.clusterer import WordClusterer
from affectflow_transforms.themes.model import WATCHED
from tests.given.theme_causes import DOCS, FLAKY, SCHEMA, causes, cluster

WORDS = (
    "gamma",
    "quantum",
    "walrus",
    "teapot",
    "harbour",
    "velvet",
    "lantern",
    "fjord",
)


def many(count: int) -> list[dict[str, Any]]:
    """Causes of two conversations a subject, in two families, made by chance."""
    chance = random.Random(3)
    texts = [
        " ".join(
            [*chance.choice((FLAKY, DOCS))[0].split(), *chance.choices(WORDS, k=3)]
        )
        for _ in range(count)
    ]
    return causes(texts) + causes(texts[::3], family="joy")


def in_parts(rows: list[dict[str, Any]], parts: int, **options: Any) -> tuple[Any, Any]:
    """The steps of the stage, one after the other, over causes in parts."""
    clusterer = WordClusterer(**options)
    chance = random.Random(parts)
    of = [chance.randrange(parts) for _ in rows]
    tables = [
        hosting.prepare(
            pa.Table.from_pylist(
                [row for row, part in zip(rows, of, strict=True) if part == number],
                schema=SCHEMA,
            )
        )
        for number in range(parts)
    ]
    counts = Counter[str]()
    for table in tables:
        counts.update(hosting.count_by_family(table))
    sample = pa.concat_tables(
        [hosting.sampled(clusterer, t, counts) for t in reversed(tables)]
    )
    models = {}
    for family, count in counts.items():
        own = sample.filter(pc.equal(sample.column("family"), family))
        model = hosting.fit(clusterer, own, count)
        models[family] = clusterer.load(clusterer.dump(model))
    found = [hosting.assign(clusterer, models, table) for table in tables]
    named = []
    for family in sorted(counts):
        tallies = [tally[family] for _, tally in found if family in tally]
        if tallies:
            whole = hosting.merge(tallies)
            named.append(hosting.name_themes(clusterer, family, models[family], whole))
    themes = pa.concat_tables(named)
    inside = [hosting.members(assigned, themes) for assigned, _ in found]
    members = pa.concat_tables(inside).to_pylist()
    return themes.select(THEMES.names).to_pylist(), members


def by_id(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(members, key=lambda m: (m["clustering_id"], m["cause_id"]))


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="all causes are in the sample"),
        pytest.param({"sample": 40, "fitted": 90}, id="most are not"),
    ],
)
def test_parts_give_what_all_causes_together_give(
    parts: int, options: dict[str, int]
) -> None:
    rows = many(300)

    themes, members = in_parts(rows, parts, **options)

    expected = cluster(rows, **options)
    assert len(themes) > 1
    assert themes == expected[0]
    assert by_id(members) == by_id(expected[1])


def test_the_sample_is_the_same_however_causes_lie() -> None:
    clusterer = WordClusterer(sample=30, fitted=50)
    table = hosting.prepare(pa.Table.from_pylist(many(3000), schema=SCHEMA))
    counts = hosting.count_by_family(table)

    whole = hosting.sampled(clusterer, table, counts).column("cause_id").to_pylist()

    pieces = [
        hosting.sampled(clusterer, table.slice(n, 500), counts)
        for n in range(0, 4000, 500)
    ]
    assert pa.concat_tables(pieces).column("cause_id").to_pylist() == whole
    # 50 of each family are taken, and about 57 more as a reserve.
    assert 100 <= len(whole) <= 300
    assert (
        hosting.sampled(clusterer, table, {"irritation": 9, "joy": 9}).num_rows == 4000
    )


def test_the_least_size_grows_with_the_root_of_all_causes() -> None:
    clusterer = WordClusterer()
    table = hosting.prepare(pa.Table.from_pylist(causes(DOCS), schema=SCHEMA))
    model = clusterer.fit(table, 4)
    _, tallies = hosting.assign(clusterer, {"irritation": model}, table)

    for total, expected in ((784, 1), (961, 0)):  # 0.15 times the root: 4, then 5
        model = clusterer.fit(table, total)
        themes = hosting.name_themes(
            clusterer, "irritation", model, tallies["irritation"]
        )
        assert themes.num_rows == expected


def test_a_model_stays_what_it_is_as_bytes() -> None:
    clusterer = WordClusterer()
    table = hosting.prepare(pa.Table.from_pylist(many(60), schema=SCHEMA))
    own = table.filter(pc.equal(table.column("family"), "joy"))
    model = clusterer.fit(own, 20)

    again = clusterer.load(clusterer.dump(model))

    assert again.to_bytes() == model.to_bytes()
    assert (again.total, again.vocabulary.terms) == (20, model.vocabulary.terms)
    assert (again.centres != model.centres).nnz == 0


def test_of_a_group_with_very_many_terms_the_heaviest_are_counted() -> None:
    chance = random.Random(1)
    extra = [f"{a}{b}" for a in WORDS for b in WORDS]
    texts = [f"flaky tests {' '.join(chance.choices(extra, k=2))}" for _ in range(200)]
    clusterer = WordClusterer(linkage=1.0, nearest=0.05)
    table = hosting.prepare(pa.Table.from_pylist(causes(texts), schema=SCHEMA))

    model = clusterer.fit(table, 200)

    each = Counter((model.watched // len(model.vocabulary.terms)).tolist())
    assert max(each.values()) == WATCHED
    assert json.dumps(hosting.cluster(clusterer, table)[0].to_pylist())
