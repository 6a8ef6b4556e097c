"""Files that DuckDB cannot read: one line of ours, with what to do."""

import duckdb
import pytest

from affectflow.unreadable import why_unreadable


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "a,b\n1,café\n".encode("cp1252"), "iconv -f CP1252 -t UTF-8"),
        ("a.csv", "a\nсборка не работает\n".encode("koi8-r"), "iconv -f KOI8-R"),
        ("a.jsonl", b'{"a": 1}\n{"a": 2\n', "line 2 is not a JSON object"),
        ("a.parquet", b"hello, no Parquet", "is not a whole Parquet file"),
        ("a.csv.gz", b"a,b\n", "rename it without .gz"),
        ("a.json", b'{"a": 1', "unexpected end of data; correct the file"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(tmp_path, name, content, words):
    file = tmp_path / name
    file.write_bytes(content)
    reader = {"csv": "read_csv(?)", "jsonl": "read_json(?)", "json": "read_json(?)"}
    query = f"FROM {reader.get(name.split('.')[1], 'read_parquet(?)')}"

    with pytest.raises(duckdb.Error) as caught:
        duckdb.sql(query, params=[str(file)]).fetchall()

    assert words in why_unreadable(str(file), caught.value)
