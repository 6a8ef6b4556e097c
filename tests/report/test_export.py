"""The report as CSV and as Markdown."""

import csv
import io
import re

import pytest

from affectflow.report.export import COLUMNS, as_csv, as_markdown
from tests.given.finding_lakes import two_weeks, validated
from tests.given.report_lakes import EVIL, tables
from tests.report.test_finding import facts_of


def lines_of(facts):
    return list(csv.DictReader(io.StringIO(as_csv(facts))))


def test_a_row_is_a_part_of_the_lake(tmp_path):
    lines = lines_of(facts_of(tmp_path, two_weeks(by_newcomers=False)))

    assert tuple(lines[0]) == COLUMNS
    assert [lines[0][name] for name in ("table", "flagged", "messages")] == [
        "all",
        "100",
        "400",
    ]
    weeks = {row["period"]: row["flagged"] for row in lines if row["table"] == "period"}
    assert weeks == {"2024-01-01": "20", "2024-01-08": "80"}
    cells = [row for row in lines if row["table"] == "container and period"]
    assert sum(int(row["flagged"]) for row in cells) == 100


def test_after_gold_it_has_shares(tmp_path):
    lines = lines_of(facts_of(tmp_path, validated(two_weeks(by_newcomers=False))))

    weeks = {row["period"]: row["share"] for row in lines if row["table"] == "period"}
    assert weeks == {"2024-01-01": "0.1000", "2024-01-08": "0.4000"}
    assert lines[0]["share"] == "0.2500"


def test_after_gold_containers_are_ranked_by_their_shares(tmp_path):
    facts = facts_of(tmp_path, validated(two_weeks(by_newcomers=False)))
    containers = facts.counts.containers
    # By what is flagged, the one with the lower share would come first.
    containers["one/repo"] = containers["one/repo"]._replace(low=0.9)
    containers["third/repo"] = containers["other/repo"]

    lines = [row for row in lines_of(facts) if row["table"] == "container"]

    # 30 of 100 messages and 70 of 300 are frustrated; nobody answered the third's.
    assert [(row["container"], row["rank"], row["share"]) for row in lines] == [
        ("other/repo", "1", "0.3000"),
        ("one/repo", "2", "0.2333"),
        ("third/repo", "", ""),
    ]


def test_small_themes_have_a_rank_and_no_number(tmp_path):
    (tmp_path / "own").mkdir()
    themes = {
        reader: [row for row in lines_of(facts) if row["table"] == "theme"]
        for reader, facts in (
            ("anyone", facts_of(tmp_path, tables())),
            ("owner", facts_of(tmp_path / "own", tables(), reader="owner")),
        )
    }

    assert [row["flagged"] for row in themes["anyone"]] == ["20", ""]
    assert [row["flagged"] for row in themes["owner"]] == ["20", "6"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_spreadsheet_runs_a_cell(tmp_path, start):
    given = tables()
    given["themes"][0]["title"] = f"{start}HYPERLINK('http://x')"

    titles = {row["theme"] for row in lines_of(facts_of(tmp_path, given))}

    assert any(
        title.startswith(f"'{start}H") or title.startswith("'@…") for title in titles
    )
    assert not any(title.startswith(("=", "+", "-")) for title in titles)


def test_markdown_shows_what_people_wrote_and_does_nothing_with_it(tmp_path):
    given = tables()
    given["themes"][0]["title"] = f"{EVIL} ![x](http://x) | `a` [b](javascript:c)"

    text = as_markdown(facts_of(tmp_path, given))

    assert re.search(r"(?<!\\)[<>\[\]`|!]", _without_tables(text)) is None


def _without_tables(text):
    lines = text.replace("<!-- affectflow report -->", "").splitlines()
    return "\n".join(re.sub(r"^\| | \|( |$)", " ", line) for line in lines)
