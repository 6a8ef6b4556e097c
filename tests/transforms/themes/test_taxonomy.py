"""Taxonomies: files of what people are moved by, which a user replaces."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.steps.themes import ClusterThemes
from affectflow_transforms.themes.taxonomy import load

TEXTS = ["the lifts are out", "no elevator again", "a lift that halts", "stairs only"]


def causes(texts: list[str]) -> pa.Table:
    count = len(texts)
    return pa.table(
        {
            "cause_id": [f"k{number}" for number in range(count)],
            "family": ["irritation"] * count,
            "cause_text": texts,
            "summary": pa.nulls(count, pa.string()),
            "conversation_id": [f"c{number}" for number in range(count)],
        }
    )


def titles(texts: list[str], **options: Any) -> list[str]:
    step = ClusterThemes(clusterer_options=options)
    return [row["title"] for row in step.cluster(causes(texts))[0].to_pylist()]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def test_a_file_names_themes_in_the_place_of_ours(mine: Path) -> None:
    wordings = "['lifts?', 'elevators?', 'stairs']"
    mine.write_text(f'[themes]\n"lifts and stairs" = {wordings}\n', "utf-8")

    (title,) = titles(TEXTS, taxonomy=str(mine))

    assert title.split(" / ")[0] == "lifts and stairs"
    assert titles(TEXTS) == []


def test_a_file_stands_beside_ours(mine: Path) -> None:
    mine.write_text("[themes]\n'lifts and stairs' = ['lifts?', 'stairs']\n", "utf-8")

    found = load(["everyday", str(mine)]).themes

    assert {"lifts and stairs", "food and drink"} <= set(found)


def test_a_file_that_changed_makes_another_clustering(mine: Path) -> None:
    read = set()
    for wording in ("lifts?", "elevators?"):
        mine.write_text(f"[themes]\nlifts = ['{wording}']\n", "utf-8")
        step = ClusterThemes(clusterer_options={"taxonomy": str(mine)})
        read.add(step.load_clusterer().reads["taxonomy"])

    assert len(read) == 2


WRONG = {
    "not TOML": ("[themes\n", "mine.toml, line 1: "),
    "no themes": ("version = '1'\n", "mine.toml: no `themes`; fix the file"),
    "no lists": ("[themes]\na = 'b'\n", "line 1: `themes` must be a table of lists"),
    "an unknown key": ("thems = 1\n", "line 1: unknown key 'thems'; did you mean"),
    "talk without words": ("[talk]\n[themes]\na = ['b']\n", "no `words`"),
    "a share above 1": (
        "[talk]\nwords = ['a']\nshare = 2\n[themes]\na = ['b']\n",
        "line 3: `share` must be a number from 0 to 1",
    ),
    "no regular expression": ("[themes]\na = [\n'b(']\n", "line 3: wording 'b\\('"),
    "a group that is kept": ("[themes]\na = ['(b)']\n", "groups must be written"),
    "a look ahead": ("[themes]\na = ['b(?=c)']\n", "not a regular expression"),
    "a theme of another file": (
        "[themes]\ncrashes = ['b']\n",
        "already has a theme 'crashes'",
    ),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_file_is_said_in_one_line(
    mine: Path, text: str, said: str
) -> None:
    mine.write_text(text, "utf-8")

    with pytest.raises(UsageError, match=said) as error:
        ClusterThemes(clusterer_options={"taxonomy": f"developers,{mine}"})

    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"no file 'nosuch\.toml'"):
        ClusterThemes(clusterer_options={"taxonomy": "nosuch.toml"})
