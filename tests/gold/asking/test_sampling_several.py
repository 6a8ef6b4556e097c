"""Samples with several messages of a conversation: turns, chances, weights."""

import math
import statistics

import duckdb
import pyarrow as pa
import pytest

from affectflow.gold.asking.sampling import How, choose
from affectflow.gold.targets.labels import targets_of

pytestmark = pytest.mark.rotated

FRUSTRATION = targets_of("frustration")
SIZES = [1, 2, 3, 4, 5, 6] * 5
LONG = {f"{c}/{t}" for c, size in enumerate(SIZES) for t in range(size) if size > 3}
FOUND = {f"{c}/0" for c in range(30)} | {f"{c}/1" for c in range(15)}


@pytest.fixture(scope="module")
def threads():
    """Thirty conversations of 1 to 6 messages; an annotator found some first ones."""
    ids = [f"{c}/{t}" for c, size in enumerate(SIZES) for t in range(size)]
    labels = pa.table(
        {
            "utterance_id": ids,
            "annotator_id": ["m"] * len(ids),
            "task": ["frustration"] * len(ids),
            "vocabulary": ["frustration"] * len(ids),
            "label": ["frustration" if i in FOUND else "neutral" for i in ids],
            "chosen": [i in FOUND for i in ids],
            "status": ["ok"] * len(ids),
        }
    )
    told = pa.table(
        {
            "utterance_id": ids,
            "conversation_id": [each.partition("/")[0] for each in ids],
            "text": ids,
            "by_bot": [False] * len(ids),
        }
    )
    with duckdb.connect() as connection:
        connection.register("told", told)
        connection.register("labels", labels)
        for name in ("utterances", "placed_utterances"):
            connection.execute(f"CREATE TABLE {name} AS FROM told")
        connection.execute("CREATE TABLE annotations AS FROM labels")
        connection.execute(
            "CREATE TABLE annotators (annotator_id VARCHAR, kind VARCHAR)"
        )
        yield connection


def test_conversations_give_several_messages_where_more_are_wanted(threads):
    table, _ = choose(threads, FRUSTRATION, How(60))
    of = {c: 0 for c in range(30)}
    for each in table["utterance_id"].to_pylist():
        of[thread_in(each)] += 1

    # Two turns give 55: one of the five with a message, two of the others. Of the
    # twenty with a third one, five give it.
    assert table.num_rows == 60
    assert {of[c] for c, size in enumerate(SIZES) if size < 3} == {1, 2}
    assert sorted(of[c] for c, size in enumerate(SIZES) if size > 2).count(3) == 5
    chances = dict(zip(*(table[n].to_pylist() for n in KEPT), strict=True))
    assert all(
        p == pytest.approx(min(1.0, 2.25 / SIZES[thread_in(each)]))
        for each, p in chances.items()
    )


KEPT = ("utterance_id", "probability")


def thread_in(utterance_id):
    return int(utterance_id.partition("/")[0])


def test_a_larger_sample_holds_the_smaller_one(threads):
    small, large = (
        set(choose(threads, FRUSTRATION, How(n))[0]["utterance_id"].to_pylist())
        for n in (20, 60)
    )

    assert small < large


@pytest.mark.parametrize("stratify", ["none", "score"])
def test_weights_make_up_for_messages_that_were_less_likely_to_be_drawn(
    threads, stratify
):
    totals, plain = [], []
    for seed in range(40):
        table, _ = choose(threads, FRUSTRATION, How(60, seed, stratify))
        rows = list(zip(*(table[n].to_pylist() for n in KEPT), strict=True))
        totals.append(sum(1 / p for each, p in rows if each in LONG))
        plain.append(sum(each in LONG for each, _ in rows) / len(rows))
    error = statistics.stdev(totals) / math.sqrt(len(totals))

    # Horvitz and Thompson: the mean of the estimates is the 75 messages that are in
    # conversations of four and more; counted without weights, they would be too few.
    assert statistics.mean(totals) == pytest.approx(75, abs=3 * error + 1e-9)
    assert statistics.mean(plain) < 75 / 105 - 0.05
