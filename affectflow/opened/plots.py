"""Plots of a lake, as Altair charts over counts.

They show how many messages an annotator flagged beside how many there are. A share
would include its errors, so none is drawn; below the title stands what people's labels
say about the annotator.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from affectflow.errors import UsageError
from affectflow.lake import basis
from affectflow.nouns import count
from affectflow.registry import nearest
from affectflow.report.asked import MIN_MESSAGES, MIN_PEOPLE
from affectflow.report.periods import week_or_month

if TYPE_CHECKING:
    import altair
    import duckdb

    from affectflow.opened.charts import Chart

_MOST = 15
_SAID = 4
_FLAGGED, _ALL, _WIDTH = "#c2410c", "#d6d3d1", 480

Rows = list[dict[str, Any]]


class _Asked(NamedTuple):
    """An open lake, and the annotator whose labels are drawn."""

    connection: "duckdb.DuckDBPyConnection"
    annotator: str
    task: str

    def rows(self, query: str, **more: Any) -> Rows:
        """Returns the answer to a query about this annotator and task."""
        given = {"annotator": self.annotator, "task": self.task, **more}
        used = {name: value for name, value in given.items() if f"${name}" in query}
        found = self.connection.execute(query, used)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def plot(
    connection: "duckdb.DuckDBPyConnection", name: str, annotator: str = ""
) -> "altair.TopLevelMixin":
    """Returns one of `PLOTS` of an open lake.

    Args:
      connection: connection to a lake, with its views.
      name: name of the plot.
      annotator: whose labels, by id or the start of it; the basis if empty.

    Raises:
      UsageError: there is no plot of that name, no such annotator, or nothing to draw.
    """
    if name not in PLOTS:
        raise UsageError(f"no plot is named {name!r}; {nearest(name, PLOTS)}")
    return PLOTS[name](connection, annotator)


# -- emotions --------------------------------------------------------------------------

# A period without a message is drawn as zero, not left out.
_PERIODS = """
    periods AS (
      SELECT unnest(generate_series(
        date_trunc($period, min(timestamp)), date_trunc($period, max(timestamp)),
        CASE WHEN $period = 'month' THEN INTERVAL 1 MONTH ELSE INTERVAL 7 DAY END
      )) AS period
      FROM told
    )
"""
_EMOTIONS = f"""
    WITH told AS (
      SELECT utterance_id, timestamp, labels FROM labelled_utterances
      WHERE annotator_id = $annotator AND task = $task
        AND NOT by_bot AND timestamp IS NOT NULL
    ), {_PERIODS}, chosen AS (
      SELECT DISTINCT utterance_id, date_trunc($period, timestamp) AS period,
        unnest(labels, recursive := true)
      FROM told
    ), most AS (
      SELECT label AS emotion FROM chosen WHERE label <> 'neutral'
      GROUP BY label ORDER BY count(*) DESC, label LIMIT 6
    )
    SELECT strftime(p.period, '%Y-%m-%d') AS period, m.emotion,
      count(DISTINCT c.utterance_id) AS messages
    FROM periods AS p CROSS JOIN most AS m
    LEFT JOIN chosen AS c ON c.period = p.period AND c.label = m.emotion
    GROUP BY ALL ORDER BY ALL
"""


def _emotions(
    connection: "duckdb.DuckDBPyConnection", wanted: str
) -> "altair.TopLevelMixin":
    import altair

    asked = _basis(connection, wanted)
    period = _period(asked)
    rows = asked.rows(_EMOTIONS, period=period)
    _check_any(rows, "no message with a timestamp has a chosen emotion")
    chart = _chart(altair, rows).mark_line(point=True)
    return chart.encode(
        x=_time(altair),
        y=altair.Y("messages:Q", title=f"messages a {period}"),
        color=altair.Color("emotion:N", title=None),
        tooltip=["period:T", "emotion:N", "messages:Q"],
    ).properties(width=_WIDTH, height=220, title=_title(altair, asked, "Emotions"))


# -- frustration -----------------------------------------------------------------------

_TOLD = """
    told AS (
      SELECT container, timestamp, speaker_id, len(labels) > 0 AS is_flagged
      FROM labelled_utterances
      WHERE annotator_id = $annotator AND task = $task AND answered AND NOT by_bot
    )
"""
_BY_PERIOD = f"""
    WITH {_TOLD}, {_PERIODS}
    SELECT
      strftime(p.period, CASE WHEN $period = 'month' THEN '%Y-%m' ELSE '%Y-%m-%d' END)
        AS "group",
      count(t.is_flagged) AS messages,
      count(*) FILTER (t.is_flagged) AS flagged
    FROM periods AS p
    LEFT JOIN told AS t ON date_trunc($period, t.timestamp) = p.period
    GROUP BY ALL ORDER BY ALL
"""
_BY_CONTAINER = f"""
    WITH {_TOLD}
    SELECT coalesce(container, '(none)') AS "group", count(*) AS messages,
      count(*) FILTER (is_flagged) AS flagged, count(DISTINCT speaker_id) AS people
    FROM told GROUP BY ALL ORDER BY ALL
"""


def _frustration(
    connection: "duckdb.DuckDBPyConnection", wanted: str
) -> "altair.TopLevelMixin":
    import altair

    asked = _frustration_by(connection, wanted)
    period = _period(asked)
    rows = asked.rows(_BY_PERIOD, period=period)
    _check_any(rows, "no labelled message has a timestamp")
    bars = _beside(altair, rows).encode(
        x=altair.X(
            "group:O", title=None, axis=altair.Axis(labelAngle=-45, labelOverlap=True)
        ),
        y=altair.Y("n:Q", title=f"messages a {period}", stack=None),
    )
    return bars.properties(
        width=_WIDTH, height=220, title=_title(altair, asked, "Messages of frustration")
    )


def _containers(
    connection: "duckdb.DuckDBPyConnection", wanted: str
) -> "altair.TopLevelMixin":
    import altair

    asked = _frustration_by(connection, wanted)
    found = asked.rows(_BY_CONTAINER)
    rows = [row for row in found if _may_be_drawn(row)]
    _check_any(rows, f"no container has {MIN_MESSAGES} messages by {MIN_PEOPLE} people")
    rows = sorted(rows, key=lambda row: (-row["flagged"], row["group"]))[:_MOST]
    said = [f"{len(rows)} of {len(found)} containers"] if len(rows) < len(found) else []
    bars = _beside(altair, rows).encode(
        x=altair.X("n:Q", title="messages", stack=None),
        y=altair.Y("group:N", title=None, sort=[row["group"] for row in rows]),
    )
    title = _title(altair, asked, "Messages of frustration by container", *said)
    return bars.properties(width=_WIDTH, height={"step": 26}, title=title)


def _may_be_drawn(row: Mapping[str, Any]) -> bool:
    # Few people are easy to identify. Where no author is known, their number is 0.
    people = row["people"]
    return row["messages"] >= MIN_MESSAGES and (not people or people >= MIN_PEOPLE)


def _beside(altair: Any, rows: Rows) -> "Chart":
    """Returns bars of the flagged messages before bars of all of them."""
    counted = (("all", "messages"), ("flagged", "flagged"))
    values = [
        {"group": row["group"], "which": which, "n": row[column]}
        for which, column in counted
        for row in rows
    ]
    colours = altair.Scale(domain=["all", "flagged"], range=[_ALL, _FLAGGED])
    return (
        _chart(altair, values)
        .mark_bar()
        .encode(
            color=altair.Color("which:N", title=None, scale=colours),
            order=altair.Order("which:N", sort="ascending"),
            tooltip=["group:N", "which:N", "n:Q"],
        )
    )


# -- themes ----------------------------------------------------------------------------

_THEMES = """
    WITH families AS (
      SELECT family, sum(count) AS n FROM emotion_causes GROUP BY family
      ORDER BY family = 'frustration' DESC, family = 'irritation' DESC, n DESC, family
      LIMIT 1
    )
    SELECT family, theme, count AS messages, coalesce(n_speakers, 0) AS people, trend
    FROM emotion_causes SEMI JOIN families USING (family)
    ORDER BY messages DESC, theme
"""


def _themes(connection: "duckdb.DuckDBPyConnection", _: str) -> "altair.TopLevelMixin":
    import altair

    rows = _Asked(connection, "", "").rows(_THEMES)[:_MOST]
    _check_any(rows, "there are no themes yet: run `affectflow mine LAKE`")
    family = rows[0]["family"]
    asked = _mined_of(connection, family)
    chart = _chart(altair, rows).mark_bar(color=_FLAGGED)
    return chart.encode(
        x=altair.X("messages:Q", axis=altair.Axis(tickMinStep=1, format="d")),
        y=altair.Y(
            "theme:N",
            title=None,
            sort=[row["theme"] for row in rows],
            axis=altair.Axis(labelLimit=320),
        ),
        tooltip=["theme:N", "messages:Q", "people:Q", "trend:N"],
    ).properties(
        width=_WIDTH,
        height={"step": 24},
        title=_title(altair, asked, f"What people give as the cause of {family}"),
    )


def _mined_of(connection: "duckdb.DuckDBPyConnection", family: str) -> _Asked:
    """Returns the annotator whose emotions most causes of a family's themes rest on."""
    by = connection.execute(
        "SELECT emotion_annotator_id FROM theme_utterances WHERE family = $family "
        "GROUP BY ALL ORDER BY count(*) DESC, emotion_annotator_id LIMIT 1",
        {"family": family},
    ).fetchall()
    return _Asked(connection, by[0][0], family)


PLOTS: Mapping[
    str, Callable[["duckdb.DuckDBPyConnection", str], "altair.TopLevelMixin"]
] = {
    "emotions": _emotions,
    "frustration": _frustration,
    "containers": _containers,
    "themes": _themes,
}


# -- what they share -------------------------------------------------------------------


def _chart(altair: Any, rows: Rows) -> "Chart":
    from affectflow.opened.charts import Chart

    return Chart(altair.InlineData(values=rows))


def _basis(connection: "duckdb.DuckDBPyConnection", wanted: str) -> _Asked:
    chosen = basis.choose(connection, basis.candidates(connection), wanted)
    if chosen is None:
        raise UsageError("nothing is labelled in this lake: run `affectflow annotate`")
    return _Asked(connection, chosen.annotator_id, chosen.task)


def _frustration_by(connection: "duckdb.DuckDBPyConnection", wanted: str) -> _Asked:
    there = [
        each
        for each in basis.candidates(connection)
        if each.task == "frustration" and each.annotator_id.startswith(wanted)
        if wanted or not each.is_person
    ]
    if not there:
        raise UsageError(
            "no annotator has labelled frustration in this lake: run `affectflow "
            "annotate` with one that does, such as EmbeddedEmotions"
        )
    return _Asked(connection, there[0].annotator_id, "frustration")


def _period(asked: _Asked) -> str:
    span = asked.rows(
        "SELECT max(timestamp) - min(timestamp) AS span FROM labelled_utterances "
        "WHERE annotator_id = $annotator AND task = $task AND NOT by_bot"
    )[0]["span"]
    return week_or_month(span)


def _check_any(rows: Rows, nothing: str) -> None:
    if not rows:
        raise UsageError(f"there is nothing to plot: {nothing}")


def _time(altair: Any) -> "altair.X":
    # Days are in UTC; drawn in local time they would be off by one.
    axis = altair.Axis(format="%b %Y", labelOverlap=True, tickCount=8)
    return altair.X("period:T", title=None, scale=altair.Scale(type="utc"), axis=axis)


_VALIDATED = """
    SELECT label, kind, value, low, high FROM measures
    WHERE unit_id = $annotator AND kind IN ('precision', 'recall')
      AND ($task <> 'frustration' OR label = 'frustration')
    ORDER BY label, kind
"""


def _title(altair: Any, asked: _Asked, text: str, *said: str) -> "altair.TitleParams":
    """Returns a title that says whose labels these are, and how accurate here."""
    by = f"as labelled by {_spelt(asked)}; {_validated(asked)}"
    return altair.TitleParams(text, subtitle=[by, *said], anchor="start")


def _validated(asked: _Asked) -> str:
    figures = {
        f"{row['label']}: {row['kind']} {row['value']:.2f}"
        for row in asked.rows(_VALIDATED)
        if row["value"] is not None
    }
    if not figures:
        return "not validated here"
    if len(figures) > _SAID:
        return f"validated here for {count(len(figures) // 2, 'label')}"
    return "validated here (" + ", ".join(sorted(figures)) + ")"


def _spelt(asked: _Asked) -> str:
    """Returns an annotator's id; a person is not named."""
    people = asked.rows(
        "SELECT 1 FROM annotators WHERE annotator_id = $annotator AND kind = 'person'"
    )
    return "a person" if people else asked.annotator
