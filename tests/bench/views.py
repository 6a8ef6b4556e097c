"""How long the views over conversations and themes take, and the report's queries.

    python -m tests.bench.views --rows 1e6

Two annotators label every utterance, one of them for frustration (in 1 of 20); a
hundredth has a cause in one of 200 themes. Each view is asked twice; the second answer
counts. Nothing is asserted.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from affectflow.lake import views
from affectflow.report import queries as report
from affectflow.report.asked import MIN_MESSAGES, MIN_PEOPLE
from affectflow.schemas import TABLES
from tests.given.view_lakes import FolderLake

QUERIES = {
    "emotion_transitions": "SELECT sum(observed), sum(shuffled) FROM {}",
    "frustration_episodes": "SELECT sum(length), sum(episodes_shuffled), "
    "count(recovered), count(trigger_by), count(outcome) FROM {}",
    "frustration_figures": "SELECT sum(observed), sum(shuffled) FROM {}",
    "theme_trend": "SELECT sum(ratio), sum(high) FROM {}",
    "conversation_arc": "SELECT max(state), max(speaker_state) FROM {}",
    "conversation_arc, one": "SELECT max(state), max(speaker_state) "
    "FROM conversation_arc WHERE conversation_id = 's:5000'",
}
PARAMETERS = {
    "annotator": "emotions@1",
    "task": "emotion",
    "period": "month",
    "flagger": "frustration@1",
    "measure": "frustration",
    "reader": "anyone",
    "min_utterances": MIN_MESSAGES,
    "min_speakers": MIN_PEOPLE,
    "clustering": "irritation-0a1b",
}
_TURN = """
  's:' || i AS utterance_id, 's:' || i // 5 * 5 AS conversation_id,
  'p' || (hash(i // 5) + hash(i, 1) % 3) % 5000 AS speaker_id,
  'github' AS source, 'o/r' || i // 5 % 50 AS container,
  TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_seconds(i * 60) AS timestamp
"""
_LABELS = (
    "['neutral', 'neutral', 'neutral', 'neutral', 'anger', 'annoyance', 'gratitude', "
    "'joy', 'confusion', 'approval']"
)
_ROWS = {
    "utterances": f"""
SELECT {_TURN}, 'the build keeps failing again, number ' || i AS text,
  'public' AS visibility, false AS is_bot
FROM range($n) AS t(i)""",
    "annotations": f"""
SELECT {_TURN}, 'emotions@1' AS annotator_id, 'emotion' AS task,
  'goemotions' AS vocabulary, {_LABELS}[1 + (hash(i, r) % 10)::INTEGER] AS label,
  0.5 - r * 0.2 AS score, r + 1 AS rank, r = 0 AS chosen, 'ok' AS status
FROM range($n) AS t(i), range(2) AS ranks(r)
UNION ALL BY NAME
SELECT {_TURN}, 'frustration@1' AS annotator_id, 'frustration' AS task,
  'frustration' AS vocabulary, 'frustration' AS label, 0.5 AS score, 1 AS rank,
  hash(i, 9) % 20 = 0 AS chosen, 'ok' AS status
FROM range($n) AS t(i)
ORDER BY utterance_id""",
    "causes": """
SELECT 'k' || i AS cause_id, 's:' || i AS utterance_id, 's:' || i AS cause_utterance_id,
  'anger' AS label, 'emotions@1' AS emotion_annotator_id, 0 AS start, 9 AS "end",
  'the build' AS cause_text, 'ok' AS status
FROM range(0, $n, 100) AS t(i)""",
    "themes": """
SELECT 'irritation-0a1b' AS clustering_id, 't' || i AS theme_id, 'theme ' || i AS title,
  500 AS size
FROM range(least(200, $n)) AS t(i)""",
    "theme_members": """
SELECT 'k' || i AS cause_id, 't' || i // 100 % 200 AS theme_id,
  'irritation-0a1b' AS clustering_id, 0.5 AS membership
FROM range(0, $n, 100) AS t(i)""",
}


def write(folder: Path, rows: int) -> FolderLake:
    """Returns a lake of so many utterances."""
    for table, sql in _ROWS.items():
        (folder / table).mkdir(parents=True)
        path = folder / table / "0.parquet"
        with duckdb.connect() as connection:
            columns = views.columns_of(connection, TABLES[table])
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE TABLE t AS {views.empty_select(columns)}")
            connection.execute(f"INSERT INTO t BY NAME {sql}", {"n": rows})
            connection.execute(f"COPY t TO {views.quote(str(path))} (COMPRESSION zstd)")
    return FolderLake(folder)


def main(rows: int) -> None:
    """Prints seconds and seconds of CPU of each view."""
    with tempfile.TemporaryDirectory() as name:
        connection = views.connect(write(Path(name), rows))
        threads = connection.execute("SELECT current_setting('threads')").fetchall()
        print(f"{rows:,} utterances, {threads[0][0]} threads")
        for view, sql in QUERIES.items():
            _print(view, lambda sql=sql, view=view: connection.sql(sql.format(view)))
        with report.kept(connection, PARAMETERS):
            for name in report.QUERIES:
                _print(name, lambda name=name: report.ask(connection, name, PARAMETERS))


def _print(name: str, ask: Callable[[], object]) -> None:
    for _ in range(2):
        begun = time.perf_counter(), time.process_time()
        answer = ask()
        if isinstance(answer, duckdb.DuckDBPyRelation):
            answer.fetchall()
        took = time.perf_counter() - begun[0], time.process_time() - begun[1]
    print(f"{name:<24}{took[0]:8.2f} s{took[1]:8.2f} CPU s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10**6)
    main(parser.parse_args().rows)
