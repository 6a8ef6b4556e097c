"""WordClusterer, and the host: causes in groups that a person can name."""

import json
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow.errors import MissingColumnError, UsageError
from affectflow.schemas import THEME_MEMBERS, THEMES
from affectflow.steps import themes as hosting
from affectflow_transforms.themes.clusterer import WordClusterer
from affectflow_transforms.themes.model import WATCHED

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
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    themes, members = hosting.cluster(WordClusterer(**options), table)
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


def test_whom_messages_address_names_no_theme() -> None:
    addressed = [f"gwydion{sign} {text}" for sign in ":," for text in FLAKY]

    themes, _ = cluster(causes(addressed))

    assert themes
    named = json.dumps([[theme["title"], theme["keywords"]] for theme in themes])
    assert "gwydion" not in named


NEVER = {
    "a person": ["thanks mike", "mike said so", "hi mike", "as mike says"],
    "somebody who is thanked": ["thanks zorg", "hey zorg", "@zorg", "ask zorg"],
    "a name that no list has": ["so Zorgan left", "and Zorgan is", "tell Zorgan"] * 2,
    "a stutter": ["the zo-zo thing", "a zo-zo", "that zo-zo", "zo-zo's"],
    "an adverb": ["extremely so", "it is extremely", "extremely!", "how extremely"],
    "an emoji": ["slightly_smiling_face", "no slightly_smiling_face", ":tada:"] * 2,
    "a placeholder": ["[URL] it", "the [<-LINK->]", "<code> it", "[NAME] did"] * 2,
    "an adverb of another ending": ["far off", "so far", "far", "far far"],
    "a preposition": ["unless so", "unless", "unless it is", "unless they do"],
    "an act in -ing": ["adding it", "adding", "they are adding", "adding that"],
    "a function word": ["without it", "without him", "without", "without that"],
    "a feeling": ["so annoying", "annoying!", "how annoying", "it is annoying"],
    "what somebody does": ["i zorg", "to zorg", "we zorg it", "can you zorg"],
}


@pytest.mark.parametrize("texts", NEVER.values(), ids=NEVER.keys())
def test_a_title_is_never(texts: list[str]) -> None:
    assert cluster(causes(texts)) == ([], [])


LICENCES = [
    "his driving licence",
    "a licence for the gun",
    "a fishing licence again",
    "the licence of this pub",
]


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        pytest.param(LICENCES, "licence", id="of anybody"),
        pytest.param(
            [f"{text} of the library" for text in LICENCES],
            "licence and governance",
            id="of developers",
        ),
    ],
)
def test_a_title_of_developers_stands_over_their_talk_only(
    texts: list[str], title: str
) -> None:
    (theme,), _ = cluster(causes(texts))
    assert theme["title"].split(" / ")[0] == title


def test_a_thing_with_a_capital_can_be_a_title() -> None:
    texts = ["so the Zorgan image", "in Zorgan again", "a Zorgan of mine", "My Zorgan"]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"] == "zorgan"


def test_one_word_alone_does_not_speak_of_a_concern() -> None:
    texts = ["a broken button", "the button", "buttons of the api", "this button"]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"] == "button"


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
    with pytest.raises(UsageError, match="WordClusterer needs"):
        WordClusterer(**options)


# -- in parts ----------------------------------------------------------------------


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
