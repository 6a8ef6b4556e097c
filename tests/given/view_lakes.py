"""Lakes of a few rows, for tests of the views."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from affectflow.lake import views
from affectflow.schemas import TABLES

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


class FolderLake:
    """What `connect` needs of a lake: the Parquet files of each table in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, **tables):
        for name, rows in tables.items():
            folder = self.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            table = pa.Table.from_pylist(rows, schema=TABLES[name])
            pq.write_table(table, folder / f"{len(list(folder.iterdir()))}.parquet")
        return self

    def files(self, table):
        return sorted(str(path) for path in (self.folder / table).glob("*.parquet"))


def pointed_at(connection, lake):
    """Returns an open connection with its tables those of another lake.

    To make all views again for each test would take most of its time.
    """
    for table, schema in TABLES.items():
        columns = views.columns_of(connection, schema)
        views.create_view(connection, table, views.empty_select(columns))
        views.fill_table_view(connection, table, columns, lake.files(table))
    return connection


def rows(connection, sql):
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def utterance(name, **more):
    return {
        "utterance_id": name,
        "conversation_id": "c1",
        "speaker_id": "ada",
        "is_bot": False,
        "source": "s",
        "container": "repo",
        "timestamp": NOON,
        "text": "too slow, sorry",
        "visibility": "public",
        "url": f"https://example.org/{name}",
        **more,
    }


def label(name, label, **more):
    return {
        "utterance_id": name,
        "annotator_id": "m1",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": 0.5,
        "rank": 1,
        "chosen": True,
        "status": "ok",
        "conversation_id": "c1",
        "timestamp": NOON,
        "source": "s",
        "container": "repo",
        "speaker_id": "ada",
        **more,
    }


def fold(label, target="irritation"):
    return {
        "from_vocabulary": "goemotions",
        "from_label": label,
        "to_vocabulary": target,
        "to_label": target,
        "weight": 1.0,
        "version": "1",
    }


def cause(name, utterance_id, **more):
    return {
        "cause_id": name,
        "utterance_id": utterance_id,
        "label": "anger",
        "emotion_annotator_id": "m1",
        "cause_utterance_id": utterance_id,
        "start": 0,
        "end": 8,
        "cause_text": "too slow",
        "status": "ok",
        **more,
    }


def theme(name, members, family="irritation"):
    clustering = f"{family}-0a1b"
    return (
        {
            "clustering_id": clustering,
            "theme_id": name,
            "title": name.upper(),
            "keywords": [name],
            "size": len(members),
            "exemplar_ids": members[-1:],
        },
        [
            {
                "cause_id": member,
                "theme_id": name,
                "clustering_id": clustering,
                "membership": 0.5,
            }
            for member in members
        ],
    )


def days(n):
    return NOON + timedelta(days=n)
