"""Views: causes and their themes."""

import functools

import pytest

from affectflow.lake import views
from tests.given.view_lakes import FolderLake, cause, days, rows, theme, utterance


@pytest.fixture
def lake(tmp_path):
    return FolderLake(tmp_path)


@pytest.fixture
def mined(lake):
    """Theme `slow`: u0..u7, the first on day 0, the others late; `docs`: u8, u9."""
    when = [0, *[90 + i for i in range(7)], 1, 100]
    slow, slow_members = theme("slow", [f"k{i}" for i in range(8)] + ["again"])
    docs, docs_members = theme("docs", ["k8", "k9", "of a bot"])
    return lake.write(
        utterances=[
            *[
                utterance(f"u{i}", timestamp=days(d), speaker_id=f"p{i % 3}")
                for i, d in enumerate(when)
            ],
            utterance("bot", is_bot=True, timestamp=days(50)),
        ],
        causes=[
            *[cause(f"k{i}", f"u{i}") for i in range(10)],
            cause("again", "u7", start=10, end=15, cause_text="sorry"),
            cause("of a bot", "bot"),
        ],
        themes=[slow, docs],
        theme_members=[*slow_members, *docs_members],
    )


def test_a_theme_counts_distinct_utterances_of_people(mined):
    answer = rows(
        views.connect(mined),
        "SELECT theme, position, count, n_conversations, n_speakers "
        "FROM irritation_causes ORDER BY position",
    )

    assert answer == [
        {
            "theme": "SLOW",
            "position": 1,
            "count": 8,
            "n_conversations": 1,
            "n_speakers": 3,
        },
        {
            "theme": "DOCS",
            "position": 2,
            "count": 2,
            "n_conversations": 1,
            "n_speakers": 2,
        },
    ]


def test_trend_compares_the_halves_of_the_time_span(mined):
    # Span: day 0 to day 100. slow: 1 before day 50, 7 after; 6 >= 1.96 sqrt(8) = 5.54.
    answer = rows(
        views.connect(mined),
        "SELECT theme_id, earlier, later, trend FROM irritation_causes",
    )

    assert sorted(answer, key=lambda r: r["theme_id"]) == [
        {"theme_id": "docs", "earlier": 1, "later": 1, "trend": "too few to tell"},
        {"theme_id": "slow", "earlier": 1, "later": 7, "trend": "rising"},
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "trend"),
    [
        (1, 5, "too few to tell"),
        (0, 5, "too few to tell"),  # by chance in 2 of 32 such themes
        (0, 6, "rising"),
        (6, 0, "falling"),
        # Of 15 in 30 the interval of the share is 0.332 to 0.668: twice as many may be.
        (15, 15, "too few to tell"),
        (16, 16, "steady"),
    ],
)
def test_a_theme_is_steady_only_where_enough_of_it_is_known(
    lake, earlier, later, trend
):
    # Another theme spans days 0 to 100, so that day 50 is the middle.
    dated = [0, 100] + [10] * earlier + [90] * later
    ends, ends_members = theme("ends", ["k0", "k1"])
    own, own_members = theme("own", [f"k{i}" for i in range(2, len(dated))])
    written = lake.write(
        utterances=[utterance(f"u{i}", timestamp=days(d)) for i, d in enumerate(dated)],
        causes=[cause(f"k{i}", f"u{i}") for i in range(len(dated))],
        themes=[ends, own],
        theme_members=[*ends_members, *own_members],
    )

    query = "SELECT trend FROM irritation_causes WHERE theme_id = 'own'"

    assert rows(views.connect(written), query) == [{"trend": trend}]


def test_a_share_is_null_until_its_annotator_is_validated(mined):
    sql = "SELECT share, low, high FROM irritation_causes ORDER BY position"
    nothing = {"share": None, "low": None, "high": None}
    assert rows(views.connect(mined), sql) == [nothing, nothing]
    validation = {"kind": "validation", "unit_type": "annotator", "unit_id": "m1"}

    mined.write(measures=[validation | {"label": "joy"}])
    assert rows(views.connect(mined), sql) == [nothing, nothing]
    mined.write(measures=[validation | {"label": "irritation"}])

    slow, docs = rows(views.connect(mined), sql)
    assert (slow["share"], docs["share"]) == (0.8, 0.2)
    assert slow["low"] == pytest.approx(0.4902, abs=1e-4)
    assert slow["high"] == pytest.approx(0.9433, abs=1e-4)


def test_quotes_are_public_exact_and_led_by_the_exemplar(mined):
    private = [utterance("u0", visibility="private"), utterance("u1", text="edited")]
    kept = [utterance(f"u{i}") for i in range(2, 10)]
    (mined.folder / "utterances" / "0.parquet").unlink()
    mined.write(utterances=[*private, *kept])

    answer = rows(
        views.connect(mined),
        "SELECT utterance_id, quote FROM theme_quotes WHERE theme_id = 'slow' "
        "ORDER BY position",
    )

    assert answer[0] == {"utterance_id": "u7", "quote": "sorry"}
    assert [r["utterance_id"] for r in answer[1:]] == ["u2", "u3", "u4", "u5", "u6"]


def test_only_three_quotes_stand_beside_a_theme(mined):
    answer = rows(
        views.connect(mined), "SELECT quotes FROM irritation_causes WHERE position = 1"
    )

    assert [quote["quote"] for quote in answer[0]["quotes"]] == [
        "sorry",
        "too slow",
        "too slow",
    ]


def test_themes_of_frustration_and_irritation_stay_apart(mined):
    replaced, members = theme("old", ["k1"], "frustration")
    mined.write(themes=[replaced | {"replaced_by": "slow"}], theme_members=members)
    own, members = theme("mine", ["k2"], "frustration")
    mined.write(themes=[own], theme_members=members)

    connection = views.connect(mined)

    answer = rows(connection, "SELECT theme FROM frustration_causes")
    assert answer == [{"theme": "MINE"}]
    answer = rows(connection, "SELECT theme FROM irritation_causes ORDER BY theme")
    assert answer == [{"theme": "DOCS"}, {"theme": "SLOW"}]


@pytest.fixture
def grown(lake):
    """Over 40 days, themes by the days of their conversations, one utterance each.

    People write 20 utterances in the earlier half, and 40 in the later.
    """
    when = {
        "new": [30] * 12,
        "old": [0, 2, 2, 2, 22, 23, 24, 40],
        "rare": [5] * 5,
        "slow": [30] * 8,
    }
    told = [
        (f"{name}{i}", name, day)
        for name, of_theme in when.items()
        for i, day in enumerate(of_theme)
    ]
    calm = [(f"calm{i}", "", 10 if i < 11 else 30) for i in range(27)]
    made = [theme(name, [u for u, n, _ in told if n == name]) for name in when]
    return lake.write(
        utterances=[
            *(
                utterance(name, timestamp=days(day), conversation_id=f"c-{name}")
                for name, _, day in told + calm
            ),
            utterance("bot", timestamp=days(9), is_bot=True),
        ],
        causes=[cause(name, name) for name, _, _ in told],
        themes=[each for each, _ in made],
        theme_members=[member for _, members in made for member in members],
    )


def test_theme_trend_is_per_utterance_and_corrected_for_many_themes(grown):
    answer = rows(
        views.connect(grown),
        "SELECT theme_id, earlier, later, ratio, low, high, trend FROM theme_trend "
        "ORDER BY theme_id",
    )

    # Three themes have 6 conversations or more: z is 2.394, the percentile 100 - 2.5/3.
    # Wilson's lower end of k in k is k / (k + z²); 20/40 * p / (1 - p) is k / (2 z²):
    # 1.047 and 0.698. At 1.96, for one theme, the second would be 1.041.
    # Of 4 in 8 it is 0.5 -+ z / (2 sqrt(8 + z²)): 0.1769 and 0.8231.
    near = functools.partial(pytest.approx, abs=2e-3)
    assert [tuple(row.values()) for row in answer] == [
        ("new", 0, 12, None, near(1.047), None, "rising"),
        ("old", 4, 4, 0.5, near(0.1075), near(2.326), "too few to tell"),
        ("rare", 5, 0, 0.0, None, None, "too few to tell"),
        ("slow", 0, 8, None, near(0.698), None, "too few to tell"),
    ]


def test_causes_in_no_theme_are_those_that_could_be_in_one(lake):
    one, members = theme("slow", ["k0"])
    person = cause("by ann", "u1") | {"annotator_id": "ann"}
    lake.write(
        utterances=[
            *(utterance(f"u{i}") for i in range(2)),
            utterance("b", is_bot=True),
        ],
        causes=[
            cause("k0", "u0"),
            cause("the same span", "u0", label="anger"),
            cause("k1", "u1"),
            cause("of a bot", "b"),
            cause("nothing found", "u1", status="none_found"),
            person,
        ],
        themes=[one],
        theme_members=members,
        annotators=[{"annotator_id": "ann", "kind": "person"}],
    )

    left = rows(views.connect(lake), "SELECT cause_id FROM causes_in_no_theme")

    assert left == [{"cause_id": "k1"}]
