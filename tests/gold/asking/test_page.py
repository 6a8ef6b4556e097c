import json
import re
import time
from html.parser import HTMLParser

import pytest

from affectflow.gold.asking.answers import import_answers
from affectflow.gold.asking.page import as_html
from affectflow.gold.asking.reading import read_answers
from affectflow.gold.asking.sampling import draw
from affectflow.gold.asking.sheets import as_csv, sheet_of
from affectflow.gold.targets.labels import targets_of
from affectflow.lake import Lake
from tests.given.chromium import browser, open_sheet, saved
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store

EVIL = "</script><script>alert('x')</script><img src=x onerror=alert(1)> & <!--"
TEXTS = (EVIL, 'a "quote", a comma\nand a line', "=1+1", "last one")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    uri = str(tmp_path_factory.mktemp("page") / "lake")
    ids = [f"test:{number}" for number in range(len(TEXTS))]
    store(uri, utterances(*TEXTS, conversation_id=ids))
    return Lake.open(uri)


@pytest.fixture(scope="module")
def sheet(lake):
    sample, ids = draw(lake, targets_of("emotion", ["anger", "joy"]), n=len(TEXTS))
    return sheet_of(lake, sample, ids)


@pytest.fixture(scope="module")
def page(sheet):
    return as_html(sheet).decode()


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = ("src", "href", "action", "style")
        self.addresses += [v for k, v in attrs if k in names or k.startswith("on")]


def test_texts_are_data_that_no_markup_leaves(page):
    found = Tags(page)

    assert found.tags.count("script") == 2
    assert found.addresses == []
    assert "img" not in found.tags
    data = re.search(r'id="sheet">(.*?)</script>', page, re.DOTALL)[1]
    assert EVIL in {line[2] for line in json.loads(data)["lines"]}


def test_the_page_may_load_nothing_and_send_nothing(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in page.replace("Content-Security-Policy", "").replace(
        "http-equiv", ""
    )


def come_back(tab, file, slot):
    """Opens a page anew, once the browser has written down what the page keeps."""
    kept = tab.ask(f"localStorage.getItem({slot!r})")
    for _ in range(100):
        open_sheet(tab, file)
        if tab.ask(f"localStorage.getItem({slot!r})") == kept:
            return
        time.sleep(0.1)
    raise AssertionError("the browser forgot what the page keeps")


@pytest.mark.browser
@pytest.mark.rotated
def test_a_rater_labels_by_keyboard_and_the_file_comes_into_the_lake(
    chromium, lake, sheet, page, tmp_path
):
    file, downloads = tmp_path / "sheet.html", tmp_path / "downloads"
    file.write_text(page, "utf-8")
    downloads.mkdir()
    with browser(chromium, tmp_path / "profile", downloads) as tab:
        open_sheet(tab, file)
        tab.press("y")  # goes into the name: nothing is answered before it is known
        tab.press("Backspace", *"ann", "Enter")
        assert "message 1 of 4, 0 done" in tab.ask("document.body.innerText")
        assert tab.ask("document.getElementById('text').textContent") == (
            sheet.lines[0].text
        )
        tab.press("y", "n")  # message 1: anger yes, joy no; on to message 2
        tab.press("n", "z", "u", "n")  # 2: no is taken back; unsure, no
        tab.press("2", "y", "ArrowLeft", "Enter")  # 3: joy alone; back, no to anger
        meaning = tab.ask("document.getElementById('meaning').textContent")
        assert meaning.startswith("anger: The author is angry")
        # Closed and opened again: all is there.
        come_back(tab, file, f"affectflow/{sheet.sample.sample_id}/ann")
        tab.press(*"ann", "Enter")
        assert "message 4 of 4, 3 done" in tab.ask("document.body.innerText")
        tab.press("s")
        csv = saved(downloads)
        tab.screenshot(tmp_path / "page.png")
        assert tab.complaints == []

    expected = [("yes", "no"), ("unsure", "no"), ("no", "yes"), ("", "")]
    answers = read_answers(lake, csv)
    found = [a.said for a in answers]
    assert found == [said for pair in expected for said in pair]
    assert {a.rater for a in answers} == {"ann"}
    import_answers(lake, answers)
    rows = ask(
        lake.uri,
        "SELECT status, chosen, count(*) FROM annotations "
        "WHERE annotator_id = 'person:ann' GROUP BY ALL ORDER BY ALL",
    )
    assert rows == [("abstained", False, 3), ("ok", False, 3), ("ok", True, 2)]


@pytest.mark.browser
def test_the_page_saves_the_very_sheet_that_sample_writes(
    chromium, sheet, page, tmp_path
):
    file, downloads = tmp_path / "sheet.html", tmp_path / "downloads"
    file.write_text(page, "utf-8")
    downloads.mkdir()
    with browser(chromium, tmp_path / "profile", downloads) as tab:
        open_sheet(tab, file)
        tab.press(*"bo", "Enter", "s")
        written = saved(downloads).read_bytes()

    ours = as_csv(sheet)
    # But for the rater, whom the page knows.
    assert written.replace(b",bo,", b",,") == ours


PROGRESS = "document.getElementById('progress').textContent"
SAID = "document.getElementById('labels').textContent"
HINT = "document.getElementById('hint')"
SCROLLED = "document.getElementById('text').scrollTop"


@pytest.fixture
def labelling(chromium, page, tmp_path):
    """A page on which somebody has given a name."""
    file, downloads = tmp_path / "sheet.html", tmp_path / "downloads"
    file.write_text(page.replace("last one", "long words " * 3000), "utf-8")
    downloads.mkdir()
    with browser(chromium, tmp_path / "profile", downloads) as tab:
        open_sheet(tab, file)
        tab.press(*"ann", "Enter")
        yield tab
        assert tab.complaints == []


@pytest.mark.browser
def test_a_mouse_or_thumb_answers_chooses_and_takes_back(labelling):
    labelling.click("#labels li:nth-child(2)")
    labelling.click("[data-key=y]")  # joy, and on to message 2
    assert labelling.ask(PROGRESS).startswith("message 2 ")
    labelling.click("[data-key=z]")
    labelling.click("[data-key=u]")

    labelling.click("[data-key=ArrowLeft]")
    assert labelling.ask(SAID) == "anger·joyunsure"


@pytest.mark.browser
@pytest.mark.rotated
def test_start_is_there_only_as_long_as_no_name_is(labelling):
    hidden = "document.getElementById('start').hidden"
    assert labelling.ask(hidden)

    labelling.click("#rater")
    labelling.press(*["Backspace"] * 3, "Enter")
    assert not labelling.ask(hidden)
    labelling.press(*"bo")
    labelling.click("#start")

    assert labelling.ask(hidden)
    assert labelling.ask(PROGRESS) == "message 1 of 4, 0 done"


@pytest.mark.browser
def test_a_key_that_is_held_answers_once(labelling):
    labelling.press("n", held=6)

    assert labelling.ask(SAID) == "angernojoy·"


@pytest.mark.browser
def test_capitals_and_other_alphabets_answer_too(labelling):
    labelling.press("Y")  # Caps Lock
    labelling.press("т", code="KeyN")

    assert labelling.ask(PROGRESS) == "message 2 of 4, 1 done"
    labelling.press("Я", code="KeyZ")  # back to joy of message 1
    assert labelling.ask(SAID) == "angeryesjoy·"
    labelling.press("&", code="Digit1")  # a French one: 1 with Shift alone
    labelling.press("n")
    assert labelling.ask(SAID) == "angernojoy·"


@pytest.mark.browser
def test_after_the_last_message_no_key_changes_an_answer(labelling):
    labelling.press(*"yyyyyyyy")
    assert labelling.ask(f"!{HINT}.hidden && {HINT}.textContent") == (
        "All done: save the CSV (key s)."
    )

    labelling.press("n", "n", "Enter")
    assert labelling.ask(SAID) == "angeryesjoyyes"

    labelling.press("ArrowLeft", "n")  # the last one on purpose
    assert labelling.ask(SAID) == "angernojoyyes"
    assert labelling.ask(f"{HINT}.hidden")


@pytest.mark.browser
def test_a_long_message_scrolls_by_keys_and_the_next_one_begins_at_its_top(
    labelling, sheet
):
    place = [line.text for line in sheet.lines].index("last one")
    labelling.press(*["ArrowRight"] * place)

    labelling.press("PageDown")
    labelling.press(" ")
    twice = labelling.ask(SCROLLED)
    labelling.press("PageUp")
    once = labelling.ask(SCROLLED)
    labelling.ask("document.getElementById('text').focus()")
    labelling.press("PageDown")

    assert 0 < once < twice == labelling.ask(SCROLLED)
    labelling.press("ArrowLeft", "ArrowRight")
    assert labelling.ask(SCROLLED) == 0
