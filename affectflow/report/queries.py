"""What the report asks the lake: the SQL, and the answers as rows.

The page shows each query with its section, so a query uses the lake's views only and
its parameters (`$annotator`) can be filled in as literals.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import duckdb

from affectflow.lake import basis
from affectflow.lake.basis import Candidate
from affectflow.lake.views import quote

Row = dict[str, Any]

MIN_SPEAKERS = 5
MIN_UTTERANCES = 20
PLEASANT = ("gratitude", "joy")
# Below half a year months are too few to see anything.
_WEEKLY_BELOW = timedelta(days=183)

QUERIES: dict[str, str] = {
    "counts": """
WITH answers AS (
  SELECT utterance_id, bool_or(answered) AS answered, any_value(status) AS status
  FROM emotions
  WHERE annotator_id = $annotator AND task = $task
  GROUP BY utterance_id
), told AS (
  SELECT u.*, a.answered, a.status, NOT u.by_bot AND a.answered IS TRUE AS counts
  FROM placed_utterances AS u LEFT JOIN answers AS a USING (utterance_id)
)
SELECT
  count(*) AS messages,
  count(*) FILTER (by_bot) AS bots,
  count(*) FILTER (counts) AS annotated,
  count(*) FILTER (NOT by_bot AND NOT answered AND status = 'no_author_text')
    AS silent,
  count(*) FILTER (NOT by_bot AND NOT answered AND status = 'unsupported_language')
    AS unsupported,
  count(*) FILTER (
    NOT by_bot AND NOT answered
    AND status NOT IN ('no_author_text', 'unsupported_language')
  ) AS unanswered,
  count(*) FILTER (NOT by_bot AND answered IS NULL) AS unannotated,
  count(DISTINCT speaker_id) FILTER (counts) AS people,
  count(*) FILTER (counts AND speaker_id IS NULL) AS without_speaker,
  count(*) FILTER (counts AND timestamp IS NULL) AS without_time,
  count(DISTINCT conversation_id) FILTER (counts) AS conversations,
  count(DISTINCT container) FILTER (counts) AS containers,
  list(DISTINCT source ORDER BY source) FILTER (counts) AS sources,
  min(timestamp) FILTER (counts) AS first_at,
  max(timestamp) FILTER (counts) AS last_at
FROM told""",
    "languages": """
WITH told AS (
  SELECT *, CASE WHEN utterances >= $min_utterances
    AND (n_speakers >= $min_speakers OR n_speakers = 0) THEN lang END AS language
  FROM language_coverage WHERE annotator_id = $annotator
)
SELECT language, count(*) AS languages,
  sum(utterances)::BIGINT AS utterances, sum(answered)::BIGINT AS answered,
  sum(unsupported)::BIGINT AS unsupported, sum(silent)::BIGINT AS silent,
  sum(unanswered)::BIGINT AS unanswered, sum(not_asked)::BIGINT AS not_asked
FROM told GROUP BY language ORDER BY language IS NULL, utterances DESC, language""",
    "cues": """
WITH named AS (
  SELECT renderer_id, modality, cue, count(*) AS n FROM cues GROUP BY ALL
), told AS (
  SELECT renderer_id, modality, count(DISTINCT utterance_id) AS messages
  FROM cues GROUP BY ALL
)
SELECT t.renderer_id, t.modality, any_value(t.messages) AS messages,
  sum(n.n)::BIGINT AS cues, count(*) AS names,
  list(n.cue || ' ' || n.n ORDER BY n.n DESC, n.cue)[:6] AS most
FROM told AS t JOIN named AS n
  ON n.renderer_id = t.renderer_id AND n.modality = t.modality
GROUP BY t.renderer_id, t.modality ORDER BY cues DESC, t.renderer_id""",
    "top_five": """
WITH speakers AS (
  SELECT u.speaker_id, count(DISTINCT u.utterance_id) AS n
  FROM emotions AS e JOIN placed_utterances AS u USING (utterance_id)
  WHERE e.annotator_id = $annotator AND e.task = $task AND e.answered
    AND NOT u.by_bot AND u.speaker_id IS NOT NULL
  GROUP BY u.speaker_id
), ranked AS (
  SELECT n, row_number() OVER (ORDER BY n DESC) AS position FROM speakers
)
SELECT sum(n) FILTER (position <= 5) / sum(n) AS share FROM ranked""",
    "segments": """
WITH spans AS (SELECT utterance_id, unnest(segments) AS span FROM utterances)
SELECT span.type AS type, count(*) AS spans,
  count(DISTINCT utterance_id) AS messages,
  sum(span."end" - span.start) AS characters
FROM spans GROUP BY span.type ORDER BY messages DESC, type""",
    "dead_letters": """
SELECT step, error_type, n, example_message
FROM dead_letter_summary WHERE n > 0 ORDER BY n DESC, step, error_type""",
    "labels": """
WITH chosen AS (
  SELECT utterance_id, unnest(labels) AS label
  FROM emotions
  WHERE annotator_id = $annotator AND task IN ($task, 'frustration')
)
SELECT c.label, count(DISTINCT c.utterance_id) AS n
FROM chosen AS c JOIN placed_utterances AS u USING (utterance_id)
WHERE NOT u.by_bot GROUP BY c.label ORDER BY n DESC, c.label""",
    "over_time": """
WITH chosen AS (
  SELECT utterance_id, vocabulary, unnest(labels) AS label
  FROM emotions WHERE annotator_id = $annotator AND task = $task
), folded AS (
  SELECT c.utterance_id, f.to_label AS emotion
  FROM chosen AS c JOIN folds AS f
    ON f.from_vocabulary = c.vocabulary AND f.from_label = c.label
  WHERE f.to_vocabulary = 'ekman' AND f.weight > 0
  UNION
  SELECT utterance_id, label FROM chosen AS c
  WHERE label <> 'neutral' AND NOT EXISTS (
    SELECT 1 FROM folds
    WHERE from_vocabulary = c.vocabulary AND to_vocabulary = 'ekman'
  )
)
SELECT date_trunc($period, u.timestamp) AS period, f.emotion,
  count(DISTINCT f.utterance_id) AS n
FROM folded AS f JOIN placed_utterances AS u USING (utterance_id)
WHERE NOT u.by_bot AND u.timestamp IS NOT NULL
GROUP BY ALL ORDER BY period, emotion""",
    "volume": """
SELECT date_trunc($period, u.timestamp) AS period,
  count(DISTINCT u.utterance_id) AS n, count(DISTINCT u.speaker_id) AS speakers
FROM emotions AS e JOIN placed_utterances AS u USING (utterance_id)
WHERE e.annotator_id = $annotator AND e.task = $task AND e.answered
  AND NOT u.by_bot AND u.timestamp IS NOT NULL
GROUP BY period ORDER BY period""",
    "clusterings": """
WITH named AS (
  SELECT t.*, CASE WHEN a.kind = 'person' THEN 'people'
    ELSE t.emotion_annotator_id END AS annotator
  FROM theme_utterances AS t
  LEFT JOIN annotators AS a ON a.annotator_id = t.emotion_annotator_id
)
SELECT family, clustering_id, count(DISTINCT utterance_id) AS n,
  list(DISTINCT annotator ORDER BY annotator)
    FILTER (annotator IS NOT NULL) AS annotators
FROM named GROUP BY family, clustering_id
ORDER BY bool_or(emotion_annotator_id = $annotator) DESC, n DESC, clustering_id""",
    "causes": """
WITH mined AS (
  SELECT c.* FROM causes AS c
  LEFT JOIN annotators AS a ON a.annotator_id = c.annotator_id
  WHERE c.status = 'ok' AND a.kind IS DISTINCT FROM 'person'
),
last_mined AS (
  SELECT config ->> 'miner' AS miner FROM runs
  WHERE stage = 'mine' AND state = 'done' ORDER BY ended DESC LIMIT 1
),
told AS (
  SELECT cause_id, emotion_annotator_id, annotator_id AS miner, label AS family
  FROM mined
  UNION
  SELECT c.cause_id, c.emotion_annotator_id, c.annotator_id, f.to_label FROM mined AS c
  JOIN folds AS f ON f.from_vocabulary = c.vocabulary AND f.from_label = c.label
  WHERE c.label NOT IN ('gratitude', 'grateful')
)
SELECT family, count(*) AS n FROM told GROUP BY family, emotion_annotator_id, miner
QUALIFY row_number() OVER (
  PARTITION BY family
  ORDER BY coalesce(emotion_annotator_id = $annotator, false) DESC,
    coalesce(miner = (SELECT miner FROM last_mined), false) DESC, n DESC
) = 1
ORDER BY family""",
    "in_no_theme": """
SELECT count(*) AS n FROM causes_in_no_theme""",
    "themes": """
SELECT theme_id, theme, keywords, count, share, low, high, trend, earlier, later,
  n_conversations, n_speakers
FROM emotion_causes WHERE clustering_id = $clustering
ORDER BY position""",
    "quotes": """
SELECT theme_id, quote, text, start, "end", url
FROM theme_quotes WHERE clustering_id = $clustering AND position <= 3
ORDER BY theme_id, position""",
    "theme_periods": """
SELECT theme_id, date_trunc($period, timestamp) AS period,
  count(DISTINCT utterance_id) AS n
FROM theme_utterances
WHERE clustering_id = $clustering AND timestamp IS NOT NULL
GROUP BY ALL ORDER BY theme_id, period""",
    "containers": """
WITH told AS (
  SELECT u.utterance_id, u.container, u.speaker_id, u.conversation_id,
    i.utterance_id IS NOT NULL AS displeased
  FROM emotions AS e JOIN placed_utterances AS u USING (utterance_id)
  LEFT JOIN irritation AS i
    ON i.utterance_id = u.utterance_id AND i.annotator_id = $annotator
  WHERE e.annotator_id = $annotator AND e.task = $task AND e.answered
    AND NOT u.by_bot
)
SELECT container, count(*) AS messages, count(DISTINCT speaker_id) AS people,
  count(DISTINCT conversation_id) AS conversations,
  rank() OVER (ORDER BY wilson_low(count(*) FILTER (displeased), count(*)) DESC)
    AS position
FROM told
GROUP BY container
HAVING count(*) >= $min_utterances AND count(DISTINCT speaker_id) >= $min_speakers
ORDER BY messages DESC, container""",
    "small_containers": """
SELECT count(*) AS n FROM (
  SELECT u.container
  FROM emotions AS e JOIN placed_utterances AS u USING (utterance_id)
  WHERE e.annotator_id = $annotator AND e.task = $task AND e.answered
    AND NOT u.by_bot
  GROUP BY u.container
  HAVING count(DISTINCT u.utterance_id) < $min_utterances
    OR count(DISTINCT u.speaker_id) < $min_speakers
)""",
    "annotators": """
SELECT annotator_id, kind, model, revision, licence, commercial_use, version,
  parameters, notice
FROM annotators ORDER BY kind, annotator_id""",
    "validations": """
WITH fitted AS (
  SELECT label, kind, n, fitted_on, {value: value, low: low, high: high} AS fit
  FROM measures WHERE unit_id = $annotator
), people AS (
  SELECT label, any_value(value) FILTER (kind = 'raters') AS raters,
    any_value(value) FILTER (kind = 'agreement') AS alpha
  FROM measures WHERE unit_type = 'task' GROUP BY label
)
SELECT f.label, any_value(f.n) FILTER (kind = 'validation') AS n,
  any_value(f.fitted_on) FILTER (kind = 'validation') AS fitted_on,
  any_value(f.fit) FILTER (kind = 'precision') AS precision,
  any_value(f.fit) FILTER (kind = 'recall') AS recall,
  any_value(f.fit) FILTER (kind = 'apparent_prevalence') AS apparent,
  any_value(f.fit) FILTER (kind = 'prevalence') AS prevalence,
  any_value(p.raters) AS raters, any_value(p.alpha) AS alpha
FROM fitted AS f LEFT JOIN people AS p USING (label)
GROUP BY f.label HAVING bool_or(kind = 'validation') ORDER BY f.label""",
    "frustration": """
SELECT e.annotator_id, count(*) AS n
FROM emotions AS e LEFT JOIN annotators AS a USING (annotator_id)
WHERE e.task = 'frustration' AND e.answered AND a.kind IS DISTINCT FROM 'person'
GROUP BY e.annotator_id ORDER BY n DESC, e.annotator_id""",
    "runs": """
SELECT run_id, stage, state, started, rows_in, rows_out, rows_dead, config_digest,
  versions
FROM runs ORDER BY started, run_id, stage""",
}


@dataclass(kw_only=True)
class ThemeList:
    """The themes of one family of emotions, with their quotes and counts over time."""

    family: str
    annotators: list[str]
    themes: list[Row]
    quotes: dict[str, list[Row]]
    periods: dict[str, list[Row]]
    parameters: dict[str, Any]


@dataclass(kw_only=True)
class Facts:
    """Everything that the page says, as rows.

    `others` says who else has answered; `parameters` are those of the queries;
    `period` is `month` or `week`.
    """

    annotator: Candidate | None
    others: list[str] = field(default_factory=list)
    period: str = "month"
    parameters: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Row]] = field(default_factory=dict)
    themes: dict[str, ThemeList] = field(default_factory=dict)

    def one(self, name: str) -> Row:
        """Returns the only row of an answer."""
        return self.answers[name][0]


def collect(connection: duckdb.DuckDBPyConnection, wanted: str | None) -> Facts:
    """Returns the answers to all queries, resting on the annotator `wanted`.

    Raises:
      UsageError: no annotator of that name answered; names those that did.
    """
    there = basis.candidates(connection)
    chosen = basis.choose(connection, there, wanted or "")
    parameters: dict[str, Any] = {
        "annotator": chosen.annotator_id if chosen else "",
        "task": chosen.task if chosen else "",
        "period": "month",
        "min_utterances": MIN_UTTERANCES,
        "min_speakers": MIN_SPEAKERS,
    }
    counts = ask(connection, "counts", parameters)
    parameters["period"] = _period(counts[0])
    names = QUERIES.keys() - {"counts", "themes", "quotes", "theme_periods"}
    answers = {name: ask(connection, name, parameters) for name in sorted(names)}
    return Facts(
        annotator=chosen,
        others=basis.beside(chosen, there) if chosen else [],
        period=parameters["period"],
        # The queries are printed, and a person's name is not.
        parameters=parameters | {"annotator": spell(chosen)},
        answers={"counts": counts, **answers},
        themes=_themes(connection, answers["clusterings"], parameters),
    )


def ask(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parameters: dict[str, Any] | None = None,
) -> list[Row]:
    """Returns the answer to the query of that name, a dict for each row."""
    used = {k: v for k, v in (parameters or {}).items() if f"${k}" in QUERIES[name]}
    cursor = connection.execute(QUERIES[name], used)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def shown(name: str, parameters: dict[str, Any]) -> str:
    """Returns the query of that name with its parameters as literals, to be copied."""
    sql = QUERIES[name].strip()
    return re.sub(r"\$(\w+)", lambda m: _literal(parameters[m[1]]), sql)


def _literal(value: Any) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def spell(annotator: Candidate | None) -> str:
    """Returns the id of an annotator as the page may print it: a person has none."""
    if annotator is None or annotator.is_person:
        return "ANNOTATOR_ID"
    return annotator.annotator_id


def _period(counts: Row) -> str:
    if counts["first_at"] is None:
        return "month"
    span = counts["last_at"] - counts["first_at"]
    return "week" if span < _WEEKLY_BELOW else "month"


def _themes(
    connection: duckdb.DuckDBPyConnection,
    clusterings: list[Row],
    parameters: dict[str, Any],
) -> dict[str, ThemeList]:
    lists: dict[str, ThemeList] = {}
    for row in clusterings:
        if row["family"] in lists:
            continue
        own = parameters | {"clustering": row["clustering_id"]}
        lists[row["family"]] = ThemeList(
            family=row["family"],
            annotators=row["annotators"] or [],
            themes=ask(connection, "themes", own),
            quotes=_by_theme(ask(connection, "quotes", own)),
            periods=_by_theme(ask(connection, "theme_periods", own)),
            parameters=own,
        )
    return lists


def _by_theme(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["theme_id"], []).append(row)
    return grouped
