"""Row 12 of the literature: how a reply keeps its boundary, by patterns of phrases."""

import re

import pytest

from affectflow import data, testing
from affectflow.errors import UsageError
from affectflow_transforms.models.boundary import BoundaryPatterns
from tests.given.factories import utterances
from tests.given.view_lakes import FolderLake, label, rows, utterance

SENTENCES = [
    ("direct_refusal", "I can't write that letter for you.", True),
    ("direct_refusal", "You can't go wrong with that letter.", False),
    ("apology", "I'm really sorry about this.", True),
    ("apology", "What a sorry state this is in.", False),
    ("explanation", "It is because I only read text.", True),
    ("explanation", "The tests fail because the build does.", False),
    ("deflection", "Let's talk about your plans for today.", True),
    ("deflection", "They let us talk about the plans.", False),
    ("acknowledgement", "Thank you for telling me.", True),
    ("acknowledgement", "Thank you for the new release.", False),
    ("boundary_setting", "I don't have feelings, and I never will.", True),
    ("boundary_setting", "I don't have the file with me.", False),
    ("emotional_awareness", "That sounds very hard for you.", True),
    ("emotional_awareness", "That is a hard problem to solve.", False),
]
REPLIES = [
    # Refusal 2, apology 1 and explanation 2.
    ("I’m sorry, I cannot do that because I am a bot.", 5, 11),
    # Acknowledgement 1, awareness 1 and deflection 1.
    ("I hear you, that must be painful. Let's focus on the next step.", 3, 13),
    ("The build is green again.", 0, 5),
]
PACK = data.find("packs", "boundary_en").text


def answered(*texts: str, who="everyone", pack="boundary_en", **columns):
    handler = BoundaryPatterns(who=who, pack=pack)
    batch = handler.apply(utterances(*texts, **columns), handler.load_model())
    return batch.column("annotations").to_pylist()


def chosen(annotations) -> set[str]:
    return {each["label"] for each in annotations if each["chosen"]} - {
        "score",
        "words",
    }


@pytest.mark.parametrize(("pattern", "text", "is_one"), SENTENCES)
def test_a_phrase_is_found_and_what_is_near_it_is_not(pattern, text, is_one):
    (found,) = answered(text, lang="en")

    assert (pattern in chosen(found)) is is_one


def test_the_score_is_the_sum_of_the_weights_of_what_was_found():
    found = answered(*(text for text, *_ in REPLIES), lang="en")

    values = [
        {
            each["label"]: each["value"]
            for each in row
            if each["task"] == "boundary_score"
        }
        for row in found
    ]
    assert values == [{"score": s, "words": w} for _, s, w in REPLIES]


def test_a_language_without_a_pack_has_no_answer():
    found = answered("Das kann ich nicht.", "I can't do that.", lang=["de", "en"])

    assert {each["status"] for each in found[0]} == {"unsupported_language"}
    assert {each["value"] for each in found[0]} == {None}
    assert chosen(found[1]) == {"direct_refusal"}


@pytest.mark.parametrize(
    ("text", "is_read"),
    [("I'm sorry, but I can't do this.", True), ("Das kann ich leider nicht.", False)],
)
def test_where_no_language_is_said_common_words_tell_it(text, is_read):
    (found,) = answered(text, lang=None)

    unread = {each["status"] for each in found} == {"unsupported_language"}
    assert unread is not is_read


def test_only_assistants_are_read_where_the_lake_says_who_is_one():
    found = answered(
        *("I can't do that.",) * 4,
        who="assistants",
        lang="en",
        is_bot=[True, False, False, None],
        speaker_role=[None, "Assistant", "maintainer", None],
    )

    statuses = [row[0]["status"] for row in found]
    assert statuses == ["ok", "ok", "abstained", "ok"]


def test_what_a_bot_says_of_itself_is_read_though_it_is_no_authors_prose():
    text = "I can't do that because I am a bot."
    segments = [{"type": "bot", "start": 24, "end": len(text)}]

    (found,) = answered(text, lang="en", segments=[segments])

    assert chosen(found) == {"direct_refusal", "explanation"}


@pytest.mark.parametrize("who", ["assistants", "everyone"])
def test_it_keeps_what_every_model_owes(who):
    testing.check_model(BoundaryPatterns(who=who))


def test_another_pack_is_another_annotator(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(PACK().replace("weight = 2", "weight = 3"))

    ids = [BoundaryPatterns(pack=p).annotator() for p in ("boundary_en", str(path))]

    assert ids[0]["revision"] != ids[1]["revision"]
    assert ids[0]["annotator_id"] != ids[1]["annotator_id"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("languages =", "langs =", "unknown key 'langs'"),
        ("[patterns.apology]", "[patterns.regret]", "unknown pattern 'regret'"),
        ("[patterns.apology]", "[patterns.apology.deep]", "unknown key 'deep'"),
        ("weight = 1", "weight = 0", "`weight` must be a number above 0"),
        (r"'''\bmy apologies\b'''", "'(?=x)'", "'(?=x)' is not a valid RE2 pattern"),
        ("common =", "# common =", "boundary.toml, line"),
    ],
)
def test_a_pack_that_is_wrong_is_refused(tmp_path, old, new, line):
    path = tmp_path / "boundary.toml"
    path.write_text(PACK().replace(old, new, 1))

    with pytest.raises(UsageError, match=re.escape(line)):
        BoundaryPatterns(pack=str(path))


def test_a_pack_without_one_of_the_patterns_is_refused(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(PACK().split("[patterns.emotional_awareness]")[0])

    with pytest.raises(UsageError, match=r"no \[patterns\.emotional_awareness\]"):
        BoundaryPatterns(pack=str(path))


def test_who_is_one_of_two():
    with pytest.raises(
        UsageError, match="`who` must be assistants or everyone, got 'bots'"
    ):
        BoundaryPatterns(who="bots")


# -- the view --------------------------------------------------------------------------


def test_a_language_without_a_pack_has_no_rate_rather_than_0(tmp_path):
    from affectflow.lake import views

    spoken = [utterance(f"e:{n}", lang="en", container="chat") for n in range(4)]
    spoken += [utterance(f"d:{n}", lang="de", container="chat") for n in range(2)]
    about = {"task": "boundary", "vocabulary": "boundary", "annotator_id": "b@1"}
    said = [label(f"e:{n}", "apology", **about) for n in range(3)]
    said += [label("e:0", "direct_refusal", rank=2, **about)]
    said += [label("e:3", "direct_refusal", **about | {"chosen": False})]
    nothing = {"chosen": False, "status": "unsupported_language"}
    said += [label(f"d:{n}", None, **about | nothing) for n in range(2)]
    said += [label("e:0", "deflection", **about | {"annotator_id": "person:ann"})]
    who = [
        {"annotator_id": "b@1", "kind": "lexicon"},
        {"annotator_id": "person:ann", "kind": "person"},
    ]
    lake = FolderLake(tmp_path).write(
        utterances=spoken, annotations=said, annotators=who
    )

    found = rows(views.connect(lake), "SELECT * FROM boundary_rates ORDER BY 4, 5")

    assert len(found) == 14
    assert {row["annotator_id"] for row in found} == {"b@1"}
    rates = {(row["lang"], row["pattern"]): row for row in found}
    assert [
        (rates["en", p]["n"], rates["en", p]["rate"])
        for p in ("apology", "direct_refusal", "deflection")
    ] == [(4, 0.75), (4, 0.25), (4, 0.0)]
    # Wilson 1927, by hand: 3 of 4.
    interval = (rates["en", "apology"]["low"], rates["en", "apology"]["high"])
    assert interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    german = rates["de", "apology"]
    assert (german["n"], german["rate"], german["low"]) == (0, None, None)
    assert german["unsupported"] == 2
