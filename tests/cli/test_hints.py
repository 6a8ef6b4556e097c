"""What a command says of an ingest, by what its source takes."""

import json

from affectflow.cli.hints import hints

MAPPED = {"mapping": {}, "day_first": None}


def said(arguments, never_read=(), dead=0, **counters):
    config = json.dumps({"source": "Read", "arguments": arguments})
    return hints(
        {
            "stage": "ingest",
            "config": config,
            "rows_dead": dead,
            "counters": list(counters.items()),
            "never_read": never_read,
        },
        "my lake",
    )


def test_dates_that_only_an_option_tells_apart_are_no_wrong_field():
    counters = {"timestamp_not_read": 2, "dates_doubtful": 2}

    (line,) = said(MAPPED, ["timestamp"], **counters)

    assert line.startswith("ingest: 2 dates may begin with the day or the month")
    assert "--set day_first=true" in line


def test_dates_come_before_a_field_that_was_never_read():
    counters = {"timestamp_not_read": 3, "dates_doubtful": 1}

    first, second = said(MAPPED, ["timestamp"], **counters)

    assert "1 date may begin" in first
    assert "does --map timestamp name the right field? (times are" in second


def test_a_source_that_takes_no_map_is_not_told_of_one():
    counters = {
        "timestamp_not_read": 3,
        "dates_doubtful": 1,
        "repeated_ids": 1,
        "repeated_ids_over_files": 2,
        "superseded_by_another_file": 1,
    }

    lines = said({}, ["timestamp"], **counters)

    assert len(lines) == 4
    assert not any("--map" in line or "--set" in line for line in lines)


def test_rows_that_were_refused_come_with_the_query_that_says_why():
    (line,) = said(MAPPED, dead=5)

    assert line == (
        "ingest: 5 rows refused: `affectflow sql 'my lake' "
        "'FROM dead_letter_summary'` says why"
    )
