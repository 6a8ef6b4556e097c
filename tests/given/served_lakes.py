"""A lake that is served, on a free port of loopback, and how tests ask it."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import TABLES
from affectflow.serving import listen
from affectflow.serving.database import ServedLake
from affectflow.serving.guard import Access
from affectflow.serving.listening import server_of
from tests.given.report_lakes import MODEL, START, annotation, cause, theme, utterance
from tests.given.waiting import wait_for


def lake_of(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> str:
    """Returns the URI of a lake that has these rows."""
    lake = Lake.create(str(folder))
    for name, rows in tables.items():
        if name != "folds":  # every lake has them
            rows_added(lake, name, rows, "given")
    return str(folder)


def rows_added(lake: Lake, table: str, rows: list[dict[str, Any]], file: str) -> None:
    """Commits rows to a table of a lake, in a file of their own."""
    given = pa.Table.from_pylist(rows, schema=TABLES[table])
    path = f"b00000-{file}.parquet" if table == "utterances" else f"{file}.parquet"
    commit(lake.storage, table, [write_file(lake.storage, table, path, given)])


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Served:
    """A server of a lake; `cookie` is what a browser would keep."""

    access: Access
    cookie: str = field(default="")

    def ask(
        self, path: str, *, method: str = "GET", body: str = "", **headers: str
    ) -> Answer:
        """Returns the answer to one request, redirects as they are."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.access.port, timeout=60
        )
        with contextlib.closing(connection):
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.cookie:
                given.setdefault("Cookie", self.cookie)
            connection.request(method, path, body.encode() or None, given)
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, dict(answer.getheaders()), text)

    def let_in(self) -> None:
        """Opens the address that is printed, and keeps the cookie."""
        parts = urlsplit(self.access.url)
        answer = self.ask(f"{parts.path}?{parts.query}")
        assert answer.status == 303, answer.text
        found = SimpleCookie(answer.headers["set-cookie"])
        self.cookie = "; ".join(f"{k}={v.value}" for k, v in found.items())


@contextlib.contextmanager
def serving(lake_uri: str, host: str = "127.0.0.1") -> Iterator[Served]:
    """Serves a lake in a thread; a browser has been let in already."""
    with listen("127.0.0.1", 0, lake_uri) as socket:
        access = Access(host=host, port=socket.getsockname()[1])
        server = server_of(ServedLake(lake_uri), access)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            wait_for(lambda: server.started, "the server")
            served = Served(access)
            served.let_in()
            yield served
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


HOSTILE = {
    "script": "<script>window.hit=1</script><img src=x onerror=window.hit=1>",
    "attribute": "\"'><svg onload=window.hit=1> ' \" `",
    "template": "{{7*7}} ${7*7} {% raw %} $title $content %(x)s {0}",
    "direction": "\u202eevil\u2066\u200f \x00\x1b[31m",
    "address": "//evil.example/../..\\?a=b&c#d%2e%00;",
    "javascript": "javascript:window.hit=1",
    "end": "</textarea></title></style></script><!--",
}


def hostile_tables() -> dict[str, list[dict[str, Any]]]:
    """A lake with hostile words wherever text from outside can stand.

    40 public messages of 8 people; message 0 is very long.
    """
    evil = list(HOSTILE.values())
    spoken = []
    for i in range(40):
        word = evil[i % len(evil)]
        spoken.append(
            utterance(
                i,
                utterance_id=f"s:{i}{word}",
                conversation_id=f"c{i // 8}{evil[i // 8]}",
                speaker_id=f"who-{i % 8}",
                container=evil[i // 20],
                speaker_role=evil[i // 20 + 2],
                kind=evil[i // 20 + 4],
                title=word,
                text=f"{word} the build is broken again",
                url=HOSTILE["javascript"] if i % 2 else f"https://e.org/{word}",
                reply_to=f"s:{i - 1}{evil[(i - 1) % len(evil)]}" if i % 8 else None,
            )
        )
    spoken[0]["text"] += "x" * 1_000_000
    labelled = [
        annotation(each, label=label, annotator_id=MODEL)
        for i, each in enumerate(spoken)
        for label in ("annoyance", evil[i % len(evil)])
    ]
    found = [
        cause(i)
        | {"utterance_id": each["utterance_id"],
           "cause_utterance_id": each["utterance_id"],
           "label": "annoyance", "start": 0, "end": len(evil[i % len(evil)]),
           "cause_text": evil[i % len(evil)]}
        for i, each in enumerate(spoken)
    ]  # fmt: skip
    one, members = theme(HOSTILE["address"], [f"k{i}" for i in range(40)])
    one |= {"title": HOSTILE["script"], "keywords": evil}
    return {
        "utterances": spoken,
        "annotations": labelled,
        "causes": found,
        "themes": [one],
        "theme_members": members,
        "annotators": [{"annotator_id": MODEL, "kind": "model", "licence": evil[0]}],
        "runs": [
            {"run_id": evil[0], "stage": "ingest", "started": START, "ended": START}
        ],
    }
