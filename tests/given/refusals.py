"""A file that is ingested as a user does it, and the one line of a refusal."""

from pathlib import Path

from tests.given.command_line import Outcome, affectflow

GOOD = '{"id": 1, "body": "This build is so annoying!"}\n'
MAP = "utterance_id=id,text=body"


def ingest(path: Path, lake: Path, source: str = "jsonl", **rest: str) -> Outcome:
    arguments = ["ingest", path, "--to", lake, "--source", source]
    if source in ("jsonl", "csv", "parquet"):
        arguments += ["--map", MAP]
    return affectflow(*arguments, **rest)


def one_line(outcome: Outcome, code: int, *words: str) -> bool:
    """Returns whether a command ended with this code and one line with these words."""
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    line = outcome.last_line
    assert line.startswith("affectflow: "), outcome.err
    assert all(word in line for word in words), line
    return True
