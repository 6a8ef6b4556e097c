"""Rows without ids come into a lake once, however often and in whatever order."""

import pytest

from affectflow import cli
from tests.given.stage_runs import ask

HEADER = "thread,who,body\n"
ROWS = ["t,ann,+1", "t,ann,+1", "t,bob,+1", "u,ann,+1", ",ann,alone"]


@pytest.mark.rotated
def test_equal_messages_are_kept_and_the_same_file_adds_nothing(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(HEADER + "\n".join(ROWS))
    two.write_text(HEADER + "\n".join(ROWS[::-1]))
    lake = str(tmp_path / "lake")

    for path in (one, two):
        mapping = "utterance_id=auto,conversation_id=thread,speaker_id=who,text=body"
        assert cli.run(["ingest", str(path), "--to", lake, "--map", mapping]) == 0

    rows = "SELECT rows_out, rows_unchanged FROM runs ORDER BY started"
    assert ask(lake, rows) == [(5, 0), (0, 5)]
    ids = ask(lake, "SELECT count(DISTINCT utterance_id) FROM utterances")
    assert ids == [(5,)]
