"""What is quoted, how much of it, and without whose name."""

import pytest

from affectflow.lake import Lake
from affectflow.lake.speakers import create_key, pseudonym
from affectflow.report import write_report
from affectflow.report.asked import Asked
from affectflow.report.queries import Facts
from affectflow.report.quotes import few_words, quote
from tests.given.people import add_rows
from tests.given.report_lakes import SECRET, page_of, tables, text_of

TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen"
ROW = {
    "text": TEXT,
    "start": 0,
    "end": len(TEXT),
    "url": "https://example.org/1",
    "is_public": True,
}


def quoted(row=None, *, handles=(), known=True, **asked):
    facts = Facts(
        annotator=None,
        asked=Asked(**asked),
        handles=frozenset(handles),
        handles_known=known,
    )
    return quote(ROW | (row or {}), facts)


def test_a_public_message_with_a_link_is_quoted_in_full():
    assert "thirteen" in quoted()
    assert 'href="https://example.org/1"' in quoted()


@pytest.mark.parametrize(
    "row",
    [
        {"url": None},
        {"url": "javascript:alert(1)"},
        {"is_public": False},
    ],
)
def test_anything_else_is_quoted_by_twelve_words(row):
    assert "twelve …" in quoted(row)
    assert "thirteen" not in quoted(row)
    assert "javascript" not in quoted(row)
    assert "thirteen" in quoted(row, reader="owner")


def test_quotes_can_be_short_or_left_out():
    assert "thirteen" not in quoted(quotes="short")
    assert quoted(quotes="none") is None
    assert quoted(quotes="none", reader="owner") is None


def test_without_the_key_only_the_owner_reads_quotes():
    assert quoted(known=False) is None
    assert "thirteen" in quoted(known=False, reader="owner")


def test_names_of_speakers_are_hidden_in_any_case():
    shown = quoted(handles=["Seven", "nine ten"], reader="owner")

    assert "six @… eight @… eleven" in shown


@pytest.fixture(scope="module")
def named(tmp_path_factory, own_configuration):
    """A lake in which two speakers are called `broken` and `Grace Hopper`."""
    folder = tmp_path_factory.mktemp("named") / "lake"
    lake = Lake.create(str(folder))
    key = create_key(lake.settings["id"])
    given = tables()
    given["utterances"][0]["speaker_id"] = pseudonym("s", "broken", key)
    given["utterances"][1]["speaker_id"] = pseudonym("s", "Grace Hopper", key)
    given["themes"][0]["title"] = "what Grace Hopper broke"
    given.pop("folds")
    for table, rows in given.items():
        add_rows(str(folder), table, rows)
    return folder


@pytest.mark.parametrize("reader", ["anyone", "owner"])
@pytest.mark.parametrize("shape", ["html", "md", "csv"])
def test_no_name_of_a_speaker_is_in_a_quote_or_title(named, tmp_path, reader, shape):
    out = tmp_path / f"report.{shape}"
    write_report(str(named), out, asked=Asked(reader=reader), shape=shape)
    text = out.read_text("utf-8")

    assert "Grace Hopper" not in text
    assert "is broken again" not in text
    assert "what @… broke" in text
    if shape == "html":
        assert "the build is @… again" in text


def test_without_the_key_a_report_quotes_nobody_and_says_why(
    named, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    page = write_report(str(named), tmp_path / "report.html").read_text("utf-8")

    assert "<blockquote" not in page
    assert "the key of the pseudonyms is not here" in page


def test_the_owners_page_says_so_and_still_quotes_nothing_private(tmp_path):
    given = tables()
    given["utterances"][0]["deleted"] = True
    given["utterances"][1]["visibility"] = None

    page = page_of(tmp_path, given, asked=Asked(reader="owner"))

    assert "do not pass on" in text_of(page)
    assert SECRET not in page
    assert "number 0" not in page
    assert "number 1" in page
    assert "6 messages" in text_of(page)  # of the small theme


def test_a_few_words_are_short_where_no_spaces_are_written():
    assert few_words("字" * 500, 0, 0) == "字" * 120 + " …"
