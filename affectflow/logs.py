"""Logs: events with numbers and identities, never with what people wrote.

Ordinary `logging` in the namespace `affectflow`. On workers nothing is set up: Beam's
harness forwards the records, and `AFFECTFLOW_LOG=json` in the worker's environment
makes their messages JSON. The command line calls `configure`.
"""

import functools
import json
import logging
import os
import re
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any

from affectflow.errors import UsageError

NAMESPACE = "affectflow"
VARIABLE = "AFFECTFLOW_LOG"
"""`json` or `text`; what `--log-format` sets, so that local workers inherit it."""
LEVEL_VARIABLE = "AFFECTFLOW_LOG_LEVEL"

IDENTITIES = ("run_id", "stage", "part", "host", "model", "error_type", "state")
NUMBERS = (
    "pid",
    "seconds",
    "rows",
    "rows_out",
    "dead",
    "duplicate",
    "unchanged",
    "parts",
    "peak_rss_bytes",
)
# No white space and no slash: neither a sentence nor a path in a home folder.
_IDENTITY = re.compile(r"[A-Za-z0-9._~:@+-]{1,120}")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class Log:
    """Says what a stage does, as events.

    Args:
      run_id: of the command.
      stage: ingest, annotate, mine or themes.
    """

    def __init__(self, run_id: str, stage: str):
        self._common = {"run_id": run_id, "stage": stage}

    def event(
        self, event: str, level: int = logging.INFO, **fields: str | float
    ) -> None:
        """Logs an event.

        Args:
          event: what happened, as `part_done`.
          level: of `logging`.
          **fields: names from `IDENTITIES` and `NUMBERS`. An identity that looks like
            text is logged as `?`.

        Raises:
          TypeError: a field has no such name; nothing else may be logged.
        """
        unknown = sorted(set(fields) - {*IDENTITIES, *NUMBERS})
        if unknown:
            raise TypeError(f"no log field is named {unknown[0]!r}; see IDENTITIES")
        logger = logging.getLogger(NAMESPACE)
        if logger.isEnabledFor(level):
            logger.log(level, Event(event, level, {**self._common, **fields}))


class Event:
    """A log message with fixed fields; written out where it is formatted."""

    def __init__(self, event: str, level: int, fields: dict[str, str | float]):
        self.created = time.time()
        self.level = logging.getLevelName(level).lower()
        self.event = event
        self.fields = {name: _plain(name, value) for name, value in fields.items()}
        self.fields |= {"host": host(), "pid": os.getpid()}

    def __str__(self) -> str:
        return self.as_json() if wants_json() else self.as_text()

    def as_json(self) -> str:
        """Returns one line of JSON."""
        when = datetime.fromtimestamp(self.created, UTC)
        head = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": self.level,
            "event": self.event,
        }
        return json.dumps({**head, **self.fields})

    def as_text(self) -> str:
        """Returns one line for people."""
        leave = ("stage", "run_id", "host")
        said = (f"{k}={v}" for k, v in self.fields.items() if k not in leave)
        return " ".join([str(self.fields["stage"]), self.event, *said])


def _plain(name: str, value: str | float) -> str | float:
    if name in NUMBERS:
        return round(float(value), 3) if isinstance(value, float) else int(value)
    return value if _IDENTITY.fullmatch(str(value)) else "?"


@functools.cache
def host() -> str:
    """Returns this machine's name, fit for a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:60] or "host"


def wants_json() -> bool:
    """Returns whether this process writes its logs as JSON."""
    return os.environ.get(VARIABLE, "") == "json"


# -- on the driver -----------------------------------------------------------------


def configure(form: str = "", level: str = "") -> None:
    """Sends our events to stderr; nothing of Beam's, which repeats what rows say.

    Args:
      form: `json` or `text`; what `AFFECTFLOW_LOG` says if empty.
      level: `debug`, `info` or `warning`; what `AFFECTFLOW_LOG_LEVEL` says if empty,
        else `info` for JSON and `warning` for text.

    Raises:
      UsageError: no such form or level.
    """
    given = {VARIABLE: form, LEVEL_VARIABLE: level}
    form = form or os.environ.get(VARIABLE, "") or "text"
    fallback = "info" if form == "json" else "warning"
    level = level or os.environ.get(LEVEL_VARIABLE, "") or fallback
    if form not in ("json", "text") or level not in _LEVELS:
        raise UsageError(
            f"logs must be json or text, at level debug, info or warning, got {form!r} "
            f"at {level!r}"
        )
    # Worker processes on this machine inherit what was asked for.
    os.environ.update({name: value for name, value in given.items() if value})
    _attach(logging.getLogger(NAMESPACE), _Handler(), _LEVELS[level])
    # Beam's local worker processes send their records here, on the root logger.
    root_level = logging.INFO if _LEVELS[level] <= logging.INFO else logging.CRITICAL
    _attach(logging.getLogger(), _ForwardedHandler(), root_level)


def _attach(logger: logging.Logger, handler: logging.Handler, level: int) -> None:
    for old in [h for h in logger.handlers if type(h) is type(handler)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level)


class _Handler(logging.Handler):
    """Writes events, and only events: other messages may hold anything."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, Event):
            _write(record.msg.as_json() if wants_json() else _for_people(record))


def _for_people(record: logging.LogRecord) -> str:
    when = time.strftime("%H:%M:%S", time.localtime(record.created))
    return f"{when} {record.levelname.lower()} {record.msg}"


class _ForwardedHandler(logging.Handler):
    """Writes the events that a local worker process sent over."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, str):
            line = forwarded(record.getMessage().removeprefix("Worker: "))
            if line:
                _write(line)


def forwarded(entry: str) -> str:
    """Returns the event in a log entry of Beam's, given as text; empty if none is.

    Only JSON is taken: text of another library cannot pass for it.
    """
    from apache_beam.portability.api import beam_fn_api_pb2
    from google.protobuf import text_format

    if "log_location:" not in entry:
        return ""
    parsed = beam_fn_api_pb2.LogEntry()
    try:
        text_format.Parse(entry, parsed)
        fields: Any = json.loads(parsed.message)
    except (text_format.ParseError, ValueError):
        return ""
    known = {"time", "level", "event", *IDENTITIES, *NUMBERS}
    is_event = isinstance(fields, dict) and {"event", "run_id"} <= set(fields) <= known
    return parsed.message if is_event else ""


def _write(line: str) -> None:
    sys.stderr.write(line + "\n")
