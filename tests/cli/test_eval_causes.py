"""`affectflow eval causes`: miners on messages whose causes are marked."""

import csv
import io

from tests.given.command_line import affectflow
from tests.given.marked_messages import write_marked


def test_it_prints_a_line_for_each_miner_and_baseline(tmp_path):
    folder = write_marked(tmp_path / "marked")

    told = affectflow(
        *("eval", "causes", str(folder), "--miner", "RuleMiner", "--format", "csv")
    )

    assert told.code == 0
    rows = list(csv.DictReader(io.StringIO(told.out)))
    by = {(row["data"], row["by"]): row for row in rows}
    given = by["authored, development, label given", "RuleMiner"]
    whole = by["authored, development", "whole message"]
    assert float(given["value"]) > float(whole["value"])
    assert float(given["length"]) < 2 < float(whole["length"])
    assert ("authored, development, calm", "RuleMiner") in by


def test_a_folder_without_marked_messages_is_refused(tmp_path):
    told = affectflow("eval", "causes", str(tmp_path))
    assert told.code == 2
    assert "name a folder with 'texts.jsonl' and 'labels_*.jsonl'" in told.last_line


def test_another_task_still_needs_a_target():
    told = affectflow("eval", "emotion")
    assert told.code == 2
    assert "`eval emotion` needs a lake or a file of answers" in told.last_line
