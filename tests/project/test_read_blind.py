"""What was read blind: drawn without a hint, stored whole, counted as told."""

import csv
import json
from collections import Counter
from itertools import product

import pytest

from tests.quality.read import draw, join
from tests.quality.read.draw import Drawn, Item
from tests.quality.read.join import BUILDS, KINDS, VERDICTS, Verdict

CORPORA = ("chat", "issues", "jira", "so")


def test_an_item_of_both_builds_is_read_once_and_the_list_names_no_build(tmp_path):
    item = Item("cause", "the build broke again", "annoyance", "the build broke")

    draw.write(tmp_path, [Drawn("chat", item, "old"), Drawn("chat", item, "new")])

    (shown,) = (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(shown) == {"number": 0, **item._asdict()}
    with (tmp_path / "key.csv").open(encoding="utf-8", newline="") as file:
        (key,) = csv.DictReader(file)
    assert (key["builds"], key["digest"]) == ("old+new", item.digest)


def test_half_of_the_decoys_of_a_kind_are_wrong():
    found = Counter((each.item.kind, each.answer) for each in draw.decoys())

    half = draw.DECOYS // 2
    assert found == {each: half for each in product(KINDS, ("right", "wrong"))}


def test_an_item_without_a_verdict_is_named(tmp_path):
    draw.write(tmp_path, [Drawn("chat", Item("top", "again?!"), "new")])
    (tmp_path / "verdicts.csv").write_text("number,verdict\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"verdict of 0 must be one of .*, got None"):
        join.joined(tmp_path)


def test_an_item_of_both_builds_moves_neither_of_them():
    shared = Verdict("chat", "top", "old+new", "a", "", "wrong")

    assert join.difference([shared, shared], "top") == (0, 0, 0)


def test_twenty_of_each_kind_corpus_and_build_are_stored():
    found = Counter(
        (each.kind, each.corpus, build)
        for each in join.stored()
        if each.builds
        for build in each.builds.split("+")
    )

    assert found == {each: draw.EACH for each in product(KINDS, CORPORA, BUILDS)}


def test_the_page_shows_what_the_verdicts_count():
    page = VERDICTS.with_name("README.md").read_text(encoding="utf-8")

    for line in join.summary(join.stored()):
        assert line in page
