"""`affectflow report`: what it may overwrite, and what it may quote."""

import pytest

from affectflow.lake.public import public_in
from tests.given.command_line import affectflow
from tests.given.refusals import GOOD, ingest, one_line


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    (folder / "input.jsonl").write_text(GOOD)
    assert ingest(folder / "input.jsonl", folder / "lake").code == 0
    return folder / "lake"


@pytest.mark.rotated
def test_what_a_user_calls_public_stays_so_until_it_is_taken_back(lake, tmp_path):
    asked = ("report", lake, "--out", tmp_path / "report.html")
    assert "public: jsonl" in affectflow(*asked, "--public", "jsonl").err
    assert affectflow(*asked).code == 0
    assert public_in(str(lake)) == ["jsonl"]

    affectflow(*asked, "--public", "none")
    assert public_in(str(lake)) == []


def test_only_a_source_that_says_nothing_can_be_called_public(lake, tmp_path):
    said = affectflow("report", lake, "--out", tmp_path / "r.html", "--public", "irc")

    assert one_line(said, 2, "'irc'", "sources with such messages: jsonl")


def test_a_file_that_is_not_a_report_is_not_overwritten(lake, tmp_path):
    mine = tmp_path / "report.html"
    mine.write_text("<h1>My own page</h1>")

    assert one_line(affectflow("report", lake, "--out", mine), 2, "--out")
    assert mine.read_text() == "<h1>My own page</h1>"


def test_a_report_that_takes_the_place_of_another_says_so(lake, tmp_path):
    page = tmp_path / "new" / "report.html"

    first, second = (affectflow("report", lake, "--out", page) for _ in range(2))

    assert first.out == second.out == f"{page}\n"
    written = f"report: written to {page}; created the folder {page.parent}\n"
    assert written in first.err
    assert f"replaced the earlier report in {page}" in second.err


def test_the_owners_report_says_not_to_pass_it_on(lake, tmp_path):
    said = affectflow("report", lake, "--for", "owner", "--out", tmp_path / "own.html")

    assert "do not pass it on" in said.err
    assert "do not pass on" in (tmp_path / "own.html").read_text("utf-8")


@pytest.mark.parametrize("shape", ["csv", "md"])
def test_a_report_in_another_shape_replaces_only_one_of_its_own(lake, tmp_path, shape):
    out = tmp_path / f"report.{shape}"
    asked = ("report", lake, "--format", shape, "--out", out)

    assert [affectflow(*asked).code for _ in range(2)] == [0, 0]

    out.write_text("mine")
    assert one_line(affectflow(*asked), 2, "--out")
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("--for", "boss"),
        ("--quotes", "all"),
        ("--format", "pdf"),
        ("--context", "work"),
        ("--events", "none.csv"),
    ],
)
def test_an_unknown_word_is_a_usage_error_that_names_it(lake, tmp_path, option, word):
    said = affectflow("report", lake, "--out", tmp_path / "r.html", option, word)

    assert one_line(said, 2, option, repr(word))
    assert not (tmp_path / "r.html").exists()
