"""What is new, grown or gone since the page that a report replaces."""

import pytest

from affectflow.report.asked import Asked
from affectflow.report.since import changes_since, marks, told_by
from tests.given.report_lakes import EVIL, page_of, tables
from tests.report.test_finding import facts_of


@pytest.fixture
def facts(tmp_path):
    return facts_of(tmp_path, tables())


def told(facts, **themes):
    return {"format": 1, "until": None, "measure": "irritation", "themes": themes}


def test_a_page_says_which_themes_it_shows_and_no_small_count(tmp_path, facts):
    page = tmp_path / "report.html"
    page.write_text(str(marks(facts)), "utf-8")

    found = told_by(page)

    assert found["measure"] == "irritation"
    assert found["themes"] == {
        "large": [f"theme large {EVIL}", 20],
        "small": [f"theme small {EVIL}", None],
    }
    assert "<script" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p>mine</p>",
        '<meta name="affectflow-themes" content="{">',
        '<meta name="affectflow-themes" content="{&quot;format&quot;:1}">',
    ],
)
def test_a_file_that_says_nothing_is_no_last_report(tmp_path, text):
    (tmp_path / "page.html").write_text(text)

    assert told_by(tmp_path / "page.html") is None
    assert told_by(tmp_path / "none.html") is None
    assert told_by("memory://pages/report.html") is None


def test_new_and_gone_themes_are_named(facts):
    last = told(facts, small=["theme small", None], old=["an old theme", 30])

    changes = changes_since(facts, last)

    assert changes == {
        "New": [f"theme large {EVIL}"],
        "Grown": [],
        "Gone": ["an old theme"],
    }


def test_growth_is_told_only_where_it_is_no_small_cell(tmp_path, facts):
    last = told(facts, large=["theme large", 3], small=["theme small", 2])
    (tmp_path / "own").mkdir()
    owner = facts_of(tmp_path / "own", tables(), reader="owner")

    assert changes_since(facts, last)["Grown"] == []
    assert changes_since(owner, last)["Grown"] == [
        f"theme large {EVIL}, by 17 messages",
        f"theme small {EVIL}, by 4 messages",
    ]


def test_a_first_report_has_no_such_section(tmp_path):
    assert 'id="since"' not in page_of(tmp_path, tables(), asked=Asked())
