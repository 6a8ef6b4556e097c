"""Times that are written out: right, or not read; never guessed."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.sources.times import parse_time, times
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.proving import in_proof


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


EVENING = utc(2016, 11, 7, 17, 6)
EXACT = utc(2016, 11, 7, 17, 6, 51)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("06-Oct-23 12:37 AM", utc(2023, 10, 6, 0, 37), id="midnight hour"),
        pytest.param("06-Oct-23 12:37 PM", utc(2023, 10, 6, 12, 37), id="noon hour"),
        pytest.param("Nov 7, 2016, 5:06:51 PM", EXACT, id="English"),
        pytest.param("Nov 7, 2016, 5:06:51\u202fPM", EXACT, id="as Chrome spaces it"),
        pytest.param("Nov 7 '16 at 5:06 PM", EVENING, id="short year"),
        pytest.param("Nov 7 ’16 at 17:06", EVENING, id="short year, curly"),
        pytest.param("Monday, November 7, 2016 at 5:06 PM", EVENING, id="in full"),
        pytest.param("November 07, 2016 at 05:06PM", EVENING, id="no space before PM"),
        pytest.param("7th of November 2016 5:06 p.m.", EVENING, id="ordinal"),
        pytest.param("5:06 PM - 7 Nov 2016", EVENING, id="the time first"),
        pytest.param("07/Nov/16 5:06 PM", EVENING, id="Jira"),
        pytest.param("07/Nov/2016:17:06:51 +0000", EXACT, id="a web server's log"),
        pytest.param("2016/11/07 17:06", EVENING, id="year first, slashes"),
        pytest.param("2016.11.07 17:06", EVENING, id="year first, points"),
        pytest.param("2016:11:07 17:06:51", EXACT, id="Exif"),
        pytest.param("20161107170651", EXACT, id="digits alone"),
        pytest.param("2016-11-07 05:06:51 PM", EXACT, id="ISO date, twelve hours"),
        pytest.param("7/Nov/16 17:06:51,0", EXACT, id="a comma"),
        pytest.param("07.11.2016 17:06", EVENING, id="German"),
        pytest.param("Mo., 07.11.2016, 17:06 Uhr", EVENING, id="German, with its day"),
        pytest.param("7. November 2016 um 17:06", EVENING, id="German, long"),
        pytest.param("mar. 8 nov. 2016 17:06", utc(2016, 11, 8, 17, 6), id="French"),
        pytest.param("7 de noviembre de 2016 17:06", EVENING, id="Spanish"),
        pytest.param("2016年11月7日 17:06", EVENING, id="Japanese"),
        pytest.param("Mon Nov  7 17:06:51 2016", EXACT, id="ctime"),
        pytest.param("Mon  7 Nov 17:06:51 UTC 2016", EXACT, id="the command date"),
        pytest.param("07-NOV-16 05.06.51.000000 PM", EXACT, id="Oracle"),
        pytest.param("7.11.2016 17.06", EVENING, id="Finnish"),
        pytest.param("/Date(1478538411000)/", EXACT, id=".NET"),
        pytest.param("Monday, 07-Nov-16 17:06:51 GMT", EXACT, id="RFC 850"),
        pytest.param("01-Jan-69 00:00:00", utc(1969, 1, 1), id="69 is 1969"),
        pytest.param("99/05/13", utc(1999, 5, 13), id="two digits that are a year"),
        pytest.param("27/11/2016", utc(2016, 11, 27), id="the day first"),
        pytest.param("11/27/2016", utc(2016, 11, 27), id="the month first"),
        pytest.param("05/05/2016", utc(2016, 5, 5), id="either way the same"),
        pytest.param("lundi 7 novembre 2016 à 17h06", EVENING, id="French, with h"),
        pytest.param("07 ноября 2016 г. в 17:06", EVENING, id="Russian"),
        pytest.param("7 нояб. 2016 г., 17:06", EVENING, id="Russian, short"),
        pytest.param("7 lipca 2016, 17:06", utc(2016, 7, 7, 17, 6), id="Polish"),
        pytest.param("måndag 7 november 2016 kl. 17:06", EVENING, id="Swedish"),
        pytest.param("7. marraskuuta 2016 klo 17.06", EVENING, id="Finnish"),
        pytest.param("7 Kasım 2016 17:06", EVENING, id="Turkish"),
        pytest.param("2016年11月7日 下午5:06", EVENING, id="Chinese, afternoon"),
        pytest.param("2016年11月7日星期一 17:06", EVENING, id="Chinese, with its day"),
        pytest.param("2016/11/8 上午0:00", utc(2016, 11, 8), id="Chinese, midnight"),
        pytest.param("2016年11月7日(月) 17時06分51秒", EXACT, id="Japanese, long"),
        pytest.param("2016년 11월 7일 오후 5:06", EVENING, id="Korean"),
        pytest.param("2016. 11. 7. 오후 5:06:51", EXACT, id="Korean, points"),
        pytest.param("Nov 7, 2016 @ 17:06:51.000", EXACT, id="Kibana"),
        pytest.param("1.478538411E9", EXACT, id="as a spreadsheet writes seconds"),
        pytest.param("1.478538411000E12", EXACT, id="and milliseconds"),
        pytest.param("1355517523.000005", utc(2012, 12, 14, 20, 38, 43, 5), id="Slack"),
    ],
)  # fmt: skip
def test_a_time_that_is_written_out_is_read(text, expected):
    assert parse_time(text) == (expected, 0 if "+" in text else None)


@pytest.mark.parametrize(
    ("text", "expected", "offset"),
    [
        pytest.param(
            "Tue Nov 07 2023 17:06:51 GMT+0100 (Central European Standard Time)",
            utc(2023, 11, 7, 16, 6, 51),
            60,
            id="JavaScript",
        ),
        ("Mon, 7 Nov 2016 17:06:51 -0500 (EST)", utc(2016, 11, 7, 22, 6, 51), -300),
        ("Mon, 7 Nov 2016 17:06:51 EST", utc(2016, 11, 7, 22, 6, 51), -300),
        ("2016-11-07 17:06:51 CET", utc(2016, 11, 7, 16, 6, 51), 60),
        ("Mon Nov 07 17:06:51 CET 2016", utc(2016, 11, 7, 16, 6, 51), 60),
        ("Mon Nov 7 17:06:51 2016 +0100", utc(2016, 11, 7, 16, 6, 51), 60),
        ("2016-11-07 17:06:51 +0100 CET m=+0.01", utc(2016, 11, 7, 16, 6, 51), 60),
        ("2016-11-07T17:06:51+01:00[Europe/Berlin]", utc(2016, 11, 7, 16, 6, 51), 60),
        ("12/31/2016 11:59 PM PST", utc(2017, 1, 1, 7, 59), -480),
        ("2016-11-07 17:06:51 Europe/Berlin", utc(2016, 11, 7, 16, 6, 51), 60),
        ("27.11.2016 17:06 UTC+2", utc(2016, 11, 27, 15, 6), 120),
        ("2016-11-07 17:06:51 \u22120330", utc(2016, 11, 7, 20, 36, 51), -210),
    ],
)  # fmt: skip
def test_a_zone_that_is_written_counts(text, expected, offset):
    assert parse_time(text) == (expected, offset)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("03/04/2016", id="day or month first"),
        pytest.param("03-04-16 5:06 PM", id="day or month first, short"),
        pytest.param("7 Nov 17:06", id="no year"),
        pytest.param("Nov 2016", id="no day"),
        pytest.param("2016-11", id="no day, ISO"),
        pytest.param("2016-W45", id="a week"),
        pytest.param("17:06", id="no date"),
        pytest.param("1.47854E+12", id="digits that a spreadsheet has rounded away"),
        pytest.param("2016-11-06 01:30 America/New_York", id="an hour that came twice"),
        pytest.param("2016-11-07 17:06 Europe/Atlantis", id="no such place"),
        pytest.param("2016-11-07 17:06 +0100 Europe/Rome", id="a zone and a place"),
        pytest.param("7 listopada 2016", id="November or October"),
        pytest.param("2016年11月 下午5:06", id="no day, Chinese"),
        pytest.param("Monday", id="a day of the week"),
        pytest.param("yesterday 5:06 PM", id="relative"),
        pytest.param("2016-11-07 17:06:51 XYZ", id="no such zone"),
        pytest.param("2016-11-07 17:06:51 IST", id="a zone of three countries"),
        pytest.param("2016-11-07 17:06 (Berlin)", id="a zone in words"),
        pytest.param("Mon, 7 Nov 2016 17:06 PST-0500", id="zones that disagree"),
        pytest.param("7 Nov 2016 13:05 AM", id="no such hour before noon"),
        pytest.param("7 Nov 2016 00:05 PM", id="no such hour after noon"),
        pytest.param("7 Nov 16:05 PM", id="an hour for a year"),
        pytest.param("2016/13/07", id="no such month"),
        pytest.param("Foo 7, 2016", id="no month"),
        pytest.param("Nov 7, 2016, 5:06 PM edited", id="more words"),
        pytest.param("10.0.0.1", id="an address"),
        pytest.param("1.2.3", id="a version"),
        pytest.param("Nov 7, 2016 " * 50_000, id="a text"),
    ],
)
def test_what_is_not_one_whole_time_is_not_read(text):
    assert parse_time(text) == (None, None)


@pytest.mark.parametrize(
    ("column", "months"),
    [
        pytest.param(["03/04/2016", "27/11/2016"], [4, 11], id="a day tells"),
        pytest.param(["03/04/2016", "11/27/2016"], [3, 11], id="a month tells"),
        pytest.param(["03/04/2016", "05/06/2016"], [None, None], id="nothing tells"),
        pytest.param(
            ["03/04/2016", "27/11/2016", "11/27/2016"], [None, 11, 11], id="both"
        ),
        pytest.param(["03.04.2016", "05.06.2016"], [4, 6], id="points: the day first"),
        pytest.param(["03.04.2016", "11.27.2016"], [3, 11], id="points, yet not"),
        pytest.param(
            ["03/04/2016", "06-Oct-23"], [None, 10], id="a name tells nothing"
        ),
        pytest.param(["03/04/2016", None, ""], [None, None, None], id="nulls"),
    ],
)
def test_a_column_has_one_order_of_day_and_month(column, months):
    found, _ = times(pa.array(column, pa.string()))

    assert [when and when.month for when in found.to_pylist()] == months


def _rows(source):
    for path in source.patterns:
        for split in source.splits(path):
            for batch in source.read(split):
                yield from batch.to_pylist()


@pytest.mark.parametrize("day_first", [None, True, False])
def test_a_late_date_tells_of_all_pieces_of_a_file(tmp_path, day_first):
    path = tmp_path / "rows.jsonl"
    rows = [
        {"id": n, "text": "x" * 9999, "timestamp": "03/04/2016"} for n in range(900)
    ]
    rows.append({"id": "z", "text": "x", "timestamp": "27/11/2016"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = ReadJsonl(
        paths=str(path), mapping={"utterance_id": "id"}, day_first=day_first
    )

    assert len(source.splits(str(path))) > 1
    *others, last = [row["timestamp"] for row in _rows(source)]
    assert set(others) == {utc(2016, 3, 4) if day_first is False else utc(2016, 4, 3)}
    assert last == (None if day_first is False else utc(2016, 11, 27))


def test_files_are_told_apart(tmp_path):
    (tmp_path / "a.csv").write_text("id,text,timestamp\n1,a,03/04/2016\n2,b,27/11/2016")
    (tmp_path / "b.csv").write_text("id,text,timestamp\n3,c,03/04/2016\n4,d,11/27/2016")

    source = ReadCsv(paths=str(tmp_path), mapping={"utterance_id": "id"})

    months = [row["timestamp"].month for row in _rows(source)]
    assert months == [4, 11, 3, 11]


FORMATS = (
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %Y %H:%M:%S GMT%z (somewhere)",
    "%a %b %d %H:%M:%S %z %Y",
    "%a %b %d %H:%M:%S %Y %z",
    "%d/%b/%Y:%H:%M:%S %z",
    "%d/%b/%y %I:%M:%S %p %z",
    "%d-%b-%y %I:%M:%S %p %z",
    "%b %d, %Y, %I:%M:%S %p %z",
    "%B %d, %Y at %I:%M:%S%p %z",
    "%A, %B %d, %Y %I:%M:%S %p UTC%z",
    "%I:%M:%S %p %z · %b %d, %Y",
    "%Y/%m/%d %H:%M:%S %z",
    "%Y.%m.%d, %I:%M:%S %p %z",
    "%d.%m.%Y %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y%m%dT%H%M%S%z",
)


@settings(max_examples=in_proof(5000, 150), deadline=None)
@given(
    moment=st.datetimes(datetime(1969, 1, 2), datetime(2068, 12, 30)),
    minutes=st.integers(-14 * 60, 14 * 60),
    spelling=st.sampled_from(FORMATS),
)
def test_what_is_written_comes_back(moment, minutes, spelling):
    moment = moment.replace(microsecond=0)
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    assert parse_time(local.strftime(spelling)) == (local.astimezone(UTC), minutes)


@settings(max_examples=in_proof(5000, 150), deadline=None)
@given(st.text("0123456789/-.: ,apmtz+JanovMy()", max_size=40))
def test_any_text_is_a_time_or_none(text):
    when, offset = parse_time(text)

    assert when is None or (when.tzinfo is UTC and 1 <= when.year <= 2100)
    assert offset is None or when is not None
