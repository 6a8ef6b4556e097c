import duckdb
from affectflow_examples import __path__ as places

from affectflow import data, vocabularies


def test_the_vocabulary_folds_to_ekman():
    assert vocabularies.get("pressure").labels == ("calm", "tense")
    folds = [f for f in vocabularies.folds() if f.from_vocabulary == "pressure"]
    assert [(f.from_label, f.to_label) for f in folds] == [("tense", "fear")]


def test_the_view_counts_the_utterances_of_each_hour():
    file = data.find("views", "utterances_by_hour")
    times = "[TIMESTAMP '2026-03-01 09:30', TIMESTAMP '2026-03-02 09:45', NULL]"
    lake = duckdb.connect()
    lake.execute(f"CREATE TABLE utterances AS SELECT unnest({times}) AS timestamp")

    assert file.path.is_relative_to(places[0])
    assert lake.sql(file.text()).fetchall() == [(9, 2)]
