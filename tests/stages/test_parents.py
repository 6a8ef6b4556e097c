"""Replies to messages that are nowhere are counted, and shown."""

import pytest

from affectflow import cli


@pytest.fixture
def ingested(tmp_path, capsys):
    def ingest(rows: str) -> str:
        path = tmp_path / "rows.csv"
        path.write_text(f"id,thread,reply_to,text\n{rows}")
        mapping = "utterance_id=id,conversation_id=thread"
        command = ["ingest", str(path), "--to", str(tmp_path / "lake")]
        assert cli.run([*command, "--map", mapping]) == 0
        return capsys.readouterr().err

    return ingest


def test_a_reply_is_sought_in_its_thread_the_ingest_and_the_lake(ingested):
    assert "reply_to" not in ingested("1,t,,hello\n2,t,1,same thread\n3,u,2,another")

    said = ingested("4,v,1,in the lake\n5,v,9,nowhere\n6,w,9,here neither")
    assert "2 reply_to not found (such as 'csv:9')" in said
