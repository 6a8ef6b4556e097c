"""Draws what a reader judges without knowing which build said it.

    python -m tests.quality.read.draw FOLDER SEED old=LAKES new=LAKES [NAME=LAKES] \\
        [--causes 20] [--tops 20]

Each folder of lakes has one for each corpus, under the same names.
`FOLDER/list.jsonl` is what the reader sees: causes and top scores of the builds and
decoys, shuffled, without build or score. Of builds other than old and new only causes
are drawn. `FOLDER/key.csv` is opened after the verdicts are written. SEED is any text;
another one draws other causes and decoys.
"""

import argparse
import csv
import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import duckdb

from affectflow import open_lake
from tests.quality.authored.reading import Row, labels, rows

DECOYS = 10
"""How many of a kind: half of them right, half wrong."""
MAX_CHARS = 1500
KEY = ("number", "corpus", "kind", "builds", "digest", "answer")

TOP = """
SELECT u.text, '' AS label, '' AS span, '' AS other
FROM annotations a JOIN utterances u USING (utterance_id)
WHERE a.label = 'frustration' AND a.score IS NOT NULL AND length(u.text) <= ?
ORDER BY a.score DESC, md5(u.text)
"""
CAUSES = """
SELECT u.text, c.label, c.cause_text AS span,
  CASE WHEN c.cause_utterance_id <> c.utterance_id THEN w.text ELSE '' END AS other
FROM causes c
JOIN utterances u ON u.utterance_id = c.utterance_id
JOIN utterances w ON w.utterance_id = c.cause_utterance_id
WHERE c.annotator_id IN (SELECT annotator_id FROM last_miner)
  AND c.status = 'ok' AND length(u.text) <= ? AND length(w.text) <= ?
"""


class Item(NamedTuple):
    """What is judged: a top score, or a cause with its label and span.

    `other` is the earlier message that the span is in, if it is in another.
    """

    kind: str
    text: str
    label: str = ""
    span: str = ""
    other: str = ""

    @property
    def digest(self) -> str:
        """Eight bytes of BLAKE2b of all fields, in hexadecimal."""
        return _hash("\0".join(self))


class Drawn(NamedTuple):
    """An item of a corpus, and who said it; a decoy has an answer instead."""

    corpus: str
    item: Item
    build: str
    answer: str = ""


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def top_scores(lake: duckdb.DuckDBPyConnection, most: int) -> list[Item]:
    """Returns the messages with the highest scores of frustration, each text once."""
    found = lake.sql(TOP, params=[MAX_CHARS]).fetchall()
    return _distinct((Item("top", *row) for row in found), most)


def random_causes(lake: duckdb.DuckDBPyConnection, seed: str, most: int) -> list[Item]:
    """Returns random causes, at most one a text.

    The order is a hash of the cause, so that builds that find the same causes are
    judged on the same ones.
    """
    found = lake.sql(CAUSES, params=[MAX_CHARS, MAX_CHARS]).fetchall()
    items = {Item("cause", *row) for row in found}
    return _distinct(sorted(items, key=lambda item: _hash(seed + item.digest)), most)


def _distinct(items: Iterable[Item], most: int) -> list[Item]:
    first: dict[str, Item] = {}
    for item in items:
        if len(first) == most:
            break
        first.setdefault(item.text.strip(), item)
    return list(first.values())


def decoys(seed: str) -> list[Drawn]:
    """Returns items whose answer both passes over the authored corpus agree on.

    Wrong causes are in turn a label that is not there and a sentence that is not the
    cause.
    """
    texts = {row["id"]: row["text"] for row in rows("texts")}
    first, second = labels(1), labels(2)
    ids = [key for key in sorted(texts) if _agree(first[key], second[key])]
    random.Random(seed).shuffle(ids)
    given = [(texts[key], first[key]) for key in ids]
    return [
        Drawn("decoy", item, "", answer)
        for answer, pool in (*_top_decoys(given), *_cause_decoys(given))
        for item in pool[: DECOYS // 2]
    ]


def _agree(one: Row, other: Row) -> bool:
    same = ("frustration", "irritation", "cause")
    return one["emotions"][0] == other["emotions"][0] and all(
        one[name] == other[name] for name in same
    )


def _calm(given: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    return [
        (text, row)
        for text, row in given
        if row["trap"] and row["emotions"] == ["neutral"] and not row["irritation"]
    ]


def _top_decoys(given: list[tuple[str, Row]]) -> Iterator[tuple[str, list[Item]]]:
    yield "right", [Item("top", text) for text, row in given if row["frustration"]]
    yield "wrong", [Item("top", text) for text, _ in _calm(given)]


def _cause_decoys(given: list[tuple[str, Row]]) -> Iterator[tuple[str, list[Item]]]:
    caused = [(text, row) for text, row in given if row["cause"]][::-1]
    yield (
        "right",
        [Item("cause", text, row["emotions"][0], row["cause"]) for text, row in caused],
    )
    rest = zip(caused[DECOYS:], _calm(given)[DECOYS:], strict=False)
    wrong: list[Item] = []
    for (text, row), (plain, _) in rest:
        wrong += _elsewhere(text, row)
        wrong.append(Item("cause", plain, "annoyance", _sentences(plain)[0]))
    yield "wrong", wrong


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text.strip())


def _elsewhere(text: str, row: Row) -> Iterator[Item]:
    away = [
        each
        for each in _sentences(text)
        if row["cause"] not in each and each not in row["cause"]
    ]
    if away:
        yield Item("cause", text, row["emotions"][0], min(away, key=len))


def drawn(
    build: str, folder: Path, seed: str, *, tops: int, causes: int
) -> Iterator[Drawn]:
    """Yields the top scores and random causes of each corpus of a build."""
    for place in sorted(folder.iterdir()):
        with open_lake(str(place)) as lake:
            found = top_scores(lake, tops), random_causes(lake, seed, causes)
            for item in chain(*found):
                yield Drawn(place.name, item, build)


def write(folder: Path, found: Iterable[Drawn], seed: str) -> None:
    """Writes the list for the reader, and the key: equal items of two builds once."""
    merged: dict[tuple[str, Item], list[Drawn]] = {}
    for each in found:
        merged.setdefault((each.corpus, each.item), []).append(each)
    pairs = sorted(merged.items(), key=lambda pair: pair[0][1].digest)
    random.Random(seed).shuffle(pairs)
    with (
        (folder / "list.jsonl").open("w", encoding="utf-8") as shown,
        (folder / "key.csv").open("w", encoding="utf-8", newline="") as hidden,
    ):
        key = csv.writer(hidden, lineterminator="\n")
        key.writerow(KEY)
        for number, ((corpus, item), same) in enumerate(pairs):
            line = {"number": number, **item._asdict()}
            shown.write(json.dumps(line, ensure_ascii=False) + "\n")
            builds = "+".join(dict.fromkeys(each.build for each in same))
            key.writerow(
                [number, corpus, item.kind, builds, item.digest, same[0].answer]
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("seed")
    parser.add_argument("builds", nargs="+")
    parser.add_argument("--causes", type=int, default=20)
    parser.add_argument("--tops", type=int, default=20)
    asked = parser.parse_args()
    found = [
        each for each in decoys(asked.seed) if asked.tops or each.item.kind != "top"
    ]
    for build, lakes in (each.split("=", 1) for each in asked.builds):
        tops = asked.tops if build in ("old", "new") else 0
        found += drawn(build, Path(lakes), asked.seed, tops=tops, causes=asked.causes)
    write(asked.folder, found, asked.seed)
