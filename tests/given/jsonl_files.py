"""Files of JSON lines, and the rows that are read from them."""

import json

from affectflow_connectors.jsonl import ReadJsonl

MAP = {"utterance_id": "id", "text": "body", "speaker_id": "user.login"}
POSTS = [
    {
        "id": i,
        "body": f"post {i} é 😂 \u2028 [x]",
        "user": {"login": f"u{i}"},
        "lang": "en",
    }
    for i in range(150)
]


def read(path, **options):
    source = ReadJsonl(paths=str(path), **options)
    found = [b for s in source.splits(str(path)) for b in source.read(s)]
    for batch in found:
        batch.validate(full=True)
        assert batch.num_rows <= 16_384
    return [row for batch in found for row in batch.to_pylist()]


def read_bytes(folder, data, **options):
    path = folder / "a.jsonl"
    path.write_bytes(data)
    return read(path, **options)


def error_types(found):
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in found]


def lines_of(*records):
    return b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records)
