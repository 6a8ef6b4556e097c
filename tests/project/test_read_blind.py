"""What was read blind: drawn without a hint, stored whole, counted as told."""

import csv
import json
from collections import Counter
from itertools import product

import pytest

from tests.quality.read import draw, join
from tests.quality.read.draw import Drawn, Item
from tests.quality.read.join import BUILDS, KINDS, READINGS, Verdict

CORPORA = ("chat", "issues", "jira", "so")
LATEST = ("5", "5_second", "6", "6_second", "7", "7_second")
DRAWN = {f"verdicts_{n}": {"cause": 30} for n in LATEST}
"""How many of a kind were drawn of each corpus and build, where not 20 of both."""


def test_an_item_of_both_builds_is_read_once_and_the_list_names_no_build(tmp_path):
    item = Item("cause", "the build broke again", "annoyance", "the build broke")

    draw.write(tmp_path, [Drawn("chat", item, "old"), Drawn("chat", item, "new")], "")

    (shown,) = (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(shown) == {"number": 0, **item._asdict()}
    with (tmp_path / "key.csv").open(encoding="utf-8", newline="") as file:
        (key,) = csv.DictReader(file)
    assert (key["builds"], key["digest"]) == ("old+new", item.digest)


def test_half_of_the_decoys_of_a_kind_are_wrong():
    found = Counter((each.item.kind, each.answer) for each in draw.decoys("any text"))

    half = draw.DECOYS // 2
    assert found == {each: half for each in product(KINDS, ("right", "wrong"))}


def test_an_item_without_a_verdict_is_named(tmp_path):
    draw.write(tmp_path, [Drawn("chat", Item("top", "again?!"), "new")], "")
    (tmp_path / "verdicts.csv").write_text("number,verdict\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"verdict of 0 must be one of .*, got None"):
        join.joined(tmp_path)


def test_an_item_of_both_builds_moves_neither_of_them():
    shared = Verdict("chat", "top", "old+new", "a", "", "wrong")

    assert join.difference([shared, shared], "top") == (0, 0, 0)


@pytest.mark.parametrize("reading", READINGS, ids=lambda file: file.stem)
def test_as_many_of_each_kind_corpus_and_build_are_stored_as_drawn(reading):
    found = Counter(
        (each.kind, each.corpus, build)
        for each in join.stored(reading)
        if each.builds
        for build in each.builds.split("+")
        if build in BUILDS
    )

    each = DRAWN.get(reading.stem, dict.fromkeys(KINDS, 20))
    assert found == {key: each[key[0]] for key in product(each, CORPORA, BUILDS)}


def test_a_further_build_has_its_own_share_and_no_part_in_the_difference():
    compared = Verdict("so", "cause", "old+new", "a", "", "right")
    further = compared._replace(builds="rank", digest="b", verdict="wrong")

    assert list(join.shares([compared, further], "cause"))[2:] == [
        "rank 0.000 (0.000 to 0.793)"
    ]
    assert join.difference([compared, further], "cause") == (0, 0, 0)


def test_another_seed_draws_other_decoys():
    one, other = ({each.item for each in draw.decoys(seed)} for seed in ("a", "b"))

    assert one != other


@pytest.mark.parametrize("reading", READINGS[1:], ids=lambda file: file.stem)
def test_later_readers_say_why_an_item_is_wrong_and_only_then(reading):
    assert all(
        bool(each.why) == (each.verdict == "wrong") for each in join.stored(reading)
    )


def test_the_share_of_a_build_has_wilsons_interval_and_leaves_decoys_out():
    one = Verdict("chat", "top", "old+new", "a", "", "right")
    wrong = one._replace(builds="new", digest="b", verdict="wrong")
    decoy = one._replace(builds="", answer="right")

    assert list(join.shares([one, wrong, decoy], "top")) == [
        "old 1.000 (0.207 to 1.000)",
        "new 0.500 (0.095 to 0.905)",
    ]


def test_mistakes_are_counted_of_each_build_and_not_of_decoys():
    both = Verdict("chat", "top", "old+new", "a", "", "wrong", "calm")
    new = both._replace(builds="new", digest="b")
    decoy = both._replace(builds="", answer="wrong")

    assert join.read_kinds([both, decoy]) == ["top"]
    assert list(join.mistakes([both, new, decoy], "top")) == ["| top | calm | 1 | 2 |"]


@pytest.mark.parametrize("reading", READINGS, ids=lambda file: file.stem)
def test_the_page_shows_what_the_verdicts_count(reading):
    page = reading.with_name("README.md").read_text(encoding="utf-8")

    for line in join.summary(join.stored(reading)):
        assert line in page


@pytest.mark.parametrize("name", ["verdicts_6_encoder", "verdicts_6_encoder_second"])
def test_the_page_shows_the_share_of_a_build_that_was_read_alone(name):
    reading = READINGS[0].with_name(f"{name}.csv")
    page = reading.with_name("README.md").read_text(encoding="utf-8")

    read = join.of(join.stored(reading), ["encoder"])
    good = sum(each.verdict != "wrong" for each in read)

    assert len(read) == 120
    assert f"{good / len(read):.3f}".removeprefix("0") in page
    assert f"`{reading.name}`" in page


def test_the_page_shows_what_was_said_of_themes():
    folder = READINGS[0].parent
    page = (folder / "README.md").read_text(encoding="utf-8")
    with (folder / "themes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    for corpus in CORPORA:
        said = Counter(row["verdict"] for row in rows if row["corpus"] == corpus)
        counts = " / ".join(str(said[each]) for each in join.SAYS)
        assert f"| {corpus} | {said.total()}" in page
        assert f"| {counts} |" in page
    decoys = [row["verdict"] for row in rows if row["corpus"] == "decoy"]
    assert decoys == ["wrong"] * 8
