import duckdb

from affectflow import data


def test_the_view_counts_the_utterances_of_each_hour():
    file = data.find("views", "utterances_by_hour")
    times = "[TIMESTAMP '2026-03-01 09:30', TIMESTAMP '2026-03-02 09:45', NULL]"
    lake = duckdb.connect()
    lake.execute(f"CREATE TABLE utterances AS SELECT unnest({times}) AS timestamp")

    assert lake.sql(file.text()).fetchall() == [(9, 2)]
