"""Filled sheets are read as spreadsheets save them; a mistake is told with the cure."""

import pytest

from affectflow.errors import UsageError
from affectflow.gold.asking.reading import read_answers
from affectflow.lake import Lake
from tests.given.answer_sheets import asked, every, filled
from tests.given.validation_lakes import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("reading"))


@pytest.fixture
def lake(folder):
    return Lake.open(str(folder / "lake"))


@pytest.fixture
def lines(folder):
    return filled(folder)


def said(answers):
    return {(a.utterance_id, a.target.label): a.said for a in answers}


def expected():
    both = {"anger": "yes", "joy": "no"}
    return {(f"test:{n}", name): both[name] for n in range(5) for name in both}


# -- what is accepted ----------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="commas"),
        pytest.param({"delimiter": ";"}, id="semicolons, as Excel writes in Europe"),
        pytest.param({"delimiter": "\t", "encoding": "utf-16"}, id="Unicode text"),
        pytest.param({"encoding": "utf-8-sig"}, id="CSV UTF-8"),
        pytest.param({"lineterminator": "\n"}, id="line feeds"),
    ],
)
@pytest.mark.rotated
def test_a_sheet_is_read_as_spreadsheets_save_it(lake, lines, tmp_path, options):
    path = write(tmp_path / "s.csv", lines, **options)

    assert said(read_answers(lake, path)) == expected()


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        *((c, "yes") for c in ("yes", "Yes", "Y", "1", "1.0", "TRUE", " x ")),
        *((c, "no") for c in ("no", "N", "0", "0.0", "False")),
        *((c, "unsure") for c in ("unsure", "U", "?", "n/a")),
        ("", ""),
    ],
)
def test_answers_are_spelt_in_many_ways(lake, lines, tmp_path, cell, answer):
    lines[1][5] = cell

    answers = read_answers(lake, write(tmp_path / "s.csv", lines))

    assert said(answers)[lines[1][1], "anger"] == answer


def test_a_rater_is_named_once_for_the_whole_file(lake, lines, tmp_path):
    for line in lines[1:]:
        line[2] = ""
    lines[1][2] = "bob"

    answers = read_answers(lake, write(tmp_path / "s.csv", lines), "ann")

    assert [a.rater for a in answers].count("bob") == 2
    assert [a.rater for a in answers].count("ann") == 8


@pytest.mark.parametrize("with_sample", [True, False])
def test_one_answer_a_row_is_read_too(lake, lines, tmp_path, with_sample):
    heads = ["utterance_id", "rater", "label", "answer"]
    told = [
        [line[1], "ann", label, line[5 + place]]
        for line in lines[1:]
        for place, label in enumerate(("anger", "joy"))
    ]
    if with_sample:
        heads.append("sample_id")
        told = [[*row, lines[1][0]] for row in told]

    answers = read_answers(lake, write(tmp_path / "s.csv", [heads, *told]))

    assert said(answers) == expected()
    assert {a.sample_id for a in answers} == {lines[1][0] if with_sample else ""}


@pytest.mark.parametrize(
    "before", [b"sep=;\r\n", b"\r\n\r\n", b";;;;;;\r\n"], ids=["sep", "blank", "empty"]
)
def test_what_a_spreadsheet_puts_before_the_heads_is_passed_over(
    lake, lines, tmp_path, before
):
    plain = write(tmp_path / "plain.csv", lines, delimiter=";").read_bytes()
    (tmp_path / "s.csv").write_bytes(before + plain)

    assert said(read_answers(lake, tmp_path / "s.csv")) == expected()


def test_a_rater_in_another_case_is_the_same_rater(lake, lines, tmp_path):
    for number, line in enumerate(lines[1:]):
        line[2] = ("Ann  Lee", "ann lee", "ANN LEE ")[number % 3]

    answers = read_answers(lake, write(tmp_path / "s.csv", lines))

    assert {a.rater for a in answers} == {"Ann Lee"}


def test_two_spellings_of_a_rater_do_not_contradict_one_another(lake, lines, tmp_path):
    contradicted(lines)
    lines[-1][2] = "Ann"

    with pytest.raises(UsageError, match="ann answered both yes and no"):
        read_answers(lake, write(tmp_path / "s.csv", lines))


def test_a_row_twice_is_one_answer(lake, lines, tmp_path):
    path = write(tmp_path / "s.csv", [*lines, lines[1]])

    assert len(read_answers(lake, path)) == 10


# -- what is not ---------------------------------------------------------------------


def changed(line, column, value):
    """Returns a change of one cell."""

    def change(lines):
        lines[line][column] = value

    return change


def renamed(column, name):
    return changed(0, column, name)


def emptied(lines):
    every(5, "")(lines)
    every(6, "")(lines)


def cut(lines):
    del lines[1:]


def contradicted(lines):
    lines.append([*lines[1][:5], "no", "no"])


def doubled(lines):
    for line in lines:
        line.append(line[5])


def shifted(lines):
    lines[3].append("no")


def after_blanks(lines):
    lines[1:1] = [[], [""] * 7]
    lines[5][5] = "yess"


def with_label(lines):
    lines[0].append("angst")
    for line in lines[1:]:
        line.append("yes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            with_label,
            "asks anger, joy, not 'angst'; remove",
            id="unknown label",
        ),
        pytest.param(renamed(6, "Joy!"), "no column 'joy'; columns:", id="column"),
        pytest.param(renamed(1, "id"), "no column 'utterance_id'", id="ids"),
        pytest.param(renamed(0, "sheet"), "no column 'sample_id'", id="sample ids"),
        pytest.param(
            changed(2, 5, "yess"), "row 3: the answer 'yess'.*mean yes", id="answer"
        ),
        pytest.param(every(2, ""), "row 2: no rater.*--rater NAME", id="rater"),
        pytest.param(every(2, "a\x07"), "cannot name a rater", id="rater's name"),
        pytest.param(
            contradicted,
            "ann answered both yes and no to 'anger'.*keep one",
            id="two answers",
        ),
        pytest.param(emptied, "no answers yet; fill anger, joy", id="not filled"),
        pytest.param(cut, "the sheet is empty", id="no rows"),
        pytest.param(
            doubled, "the column 'anger' appears twice; keep one", id="head twice"
        ),
        pytest.param(
            shifted, "row 4: a cell has no column heading.*fix", id="more cells"
        ),
        pytest.param(
            changed(2, 0, ""),
            "row 3: the cell sample_id is empty; copy",
            id="no sample",
        ),
        pytest.param(after_blanks, "row 6: the answer 'yess'", id="after blank rows"),
        pytest.param(
            every(0, "s-0123456789ab"), "no sample 's-01.*another lake", id="sample"
        ),
    ],
)
def test_a_mistaken_sheet_is_one_line_with_the_cure(
    lake, lines, tmp_path, change, message
):
    change(lines)

    with pytest.raises(UsageError, match=message) as caught:
        read_answers(lake, write(tmp_path / "s.csv", lines))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("a;ü\n".encode("latin-1"), "from the spreadsheet as", id="Latin"),
        pytest.param(b"PK\x03\x04x", "is a workbook, not a CSV file", id="workbook"),
        pytest.param(b"", "the sheet is empty", id="no bytes"),
        pytest.param(
            "utterance_id,rater".encode("utf-16-le"), "nor UTF-16 with", id="no mark"
        ),
    ],
)
def test_a_file_that_is_no_csv_says_how_to_save_it(lake, tmp_path, content, message):
    (tmp_path / "s.csv").write_bytes(content)

    with pytest.raises(UsageError, match=message):
        read_answers(lake, tmp_path / "s.csv")


def test_a_quote_that_is_never_closed_loses_no_answers(lake, lines, tmp_path):
    rows = [",".join([*line[:4], "text", *line[5:]]) for line in lines]
    rows[3] = rows[3].replace(",text,", ',"text,')
    (tmp_path / "s.csv").write_text("\n".join(rows), "utf-8")

    with pytest.raises(
        UsageError, match=r"row 4: not valid CSV from here.*fix the row"
    ):
        read_answers(lake, tmp_path / "s.csv")


def test_a_file_that_is_not_there_is_an_error(lake, tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*none\.csv"):
        read_answers(lake, tmp_path / "none.csv")


def test_a_label_that_nobody_knows_names_the_near_ones(lake, tmp_path):
    heads = ["utterance_id", "rater", "label", "answer"]
    path = write(tmp_path / "s.csv", [heads, ["test:1", "ann", "angre", "yes"]])

    with pytest.raises(UsageError, match="row 2: no label 'angre'; did you mean anger"):
        read_answers(lake, path)


@pytest.mark.parametrize("label", ["frustratoin", "Frustration"])
def test_a_label_of_a_task_of_its_own_is_among_the_near_ones(lake, tmp_path, label):
    heads = ["utterance_id", "rater", "label", "answer"]
    path = write(tmp_path / "s.csv", [heads, ["test:1", "ann", label, "yes"]])

    with pytest.raises(UsageError, match=r"did you mean frustration\?"):
        read_answers(lake, path)
