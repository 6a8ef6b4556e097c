"""Replies find their threads in any order; those to nothing are counted and shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow import cli
from affectflow.stages.ingest.parents import first_threads
from tests.given.stage_runs import ask

ROOTS = "1,,first\n2,1.0,second\n3,2.0,third\n"
REPLIES = "4,3.0,fourth\n5,4.0,fifth\n9,88.0,to nothing\n"
THREADS = """SELECT list(utterance_id ORDER BY utterance_id) FROM placed_utterances
GROUP BY conversation_id ORDER BY 1"""


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        pytest.param([ROOTS + REPLIES], ["'csv:88'"], id="at once"),
        pytest.param([REPLIES, ROOTS], ["'csv:3'", ""], id="the parents late"),
    ],
)
@pytest.mark.rotated
def test_replies_to_replies_are_in_one_thread(tmp_path, capsys, files, shown):
    lake = str(tmp_path / "lake")
    for rows, example in zip(files, shown, strict=True):
        path = tmp_path / "rows.csv"
        path.write_text(f"id,parent,text\n{rows}")
        mapping = "utterance_id=id,reply_to=parent"
        assert cli.run(["ingest", str(path), "--to", lake, "--map", mapping]) == 0
        said = capsys.readouterr().err
        assert f"reply_to not found (such as {example})" in said or not example

    threads = [ids for (ids,) in ask(lake, THREADS)]
    assert threads == [[f"csv:{n}" for n in range(1, 6)], ["csv:9"]]
    merges = ask(lake, 'SELECT conversation_id, "into" FROM conversation_merges')
    assert sorted(merges) == [(f"csv:{n}", "csv:1") for n in (2, 3, 4)]


@given(st.permutations([(n, n // 3) for n in range(1, 12)]))
def test_the_first_thread_is_the_same_in_any_order(merges):
    named = [(f"t{child}", f"t{parent}") for child, parent in merges]

    assert first_threads(named) == {f"t{n}": "t0" for n in range(1, 12)}


def test_threads_in_a_circle_end_somewhere():
    assert first_threads([("a", "b"), ("b", "c"), ("c", "a")]) == {"a": "c", "b": "c"}
