"""A whole job on a lake in any store, as a user runs it."""

from pathlib import Path

from tests.command_line import Outcome, affectflow

COLUMNS = "utterance_id=id,text=body,conversation_id=thread"


def whole_job(source: str, lake: str) -> Outcome:
    """Ingests, annotates and mines; returns the first command that fails, or the last.

    Without a report: it asks DuckDB, which asks a store for every file at every query.
    """
    ingest = ("ingest", source, "--to", lake, "--source", "jsonl", "--map", COLUMNS)
    for command in (ingest, ("annotate", lake), ("mine", lake)):
        done = affectflow(*command, timeout_s=900)
        if done.code:
            break
    return done


def same_digest(one: str | Path, other: str | Path) -> bool:
    said = [affectflow("digest", lake) for lake in (one, other)]
    assert [each.code for each in said] == [0, 0], [each.err for each in said]
    return said[0].out == said[1].out
