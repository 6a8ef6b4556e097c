"""A model server on loopback that answers, and fails, as the real ones do.

It speaks the chat completions of OpenAI over real HTTP. What it says to each request is
a function of the request's body: a `Reply`. In a test it runs in a thread:

    with ModelServer(lambda body: Reply("joy")) as server:
        ask(server.url)

and for benchmarks as a process, which writes its URL on its first line:

    python -m tests.given.model_server --latency-s 0.05 --slots 32
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server does with one request.

    Args:
      text: the answer.
      tokens: what it says of each token of the answer: the likely tokens and their
        probabilities; None if it gives no logprobs.
      status: of HTTP.
      headers: besides the usual ones.
      cut: only this share of the answer's bytes is sent, as if they were all.
      raw: sent in place of a completion.
      silent: nothing is ever sent.
      hangs_up: the connection is closed without a word.
    """

    text: str = ""
    tokens: Sequence[Mapping[str, float]] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: float = 1.0
    raw: bytes | None = None
    silent: bool = False
    hangs_up: bool = False


def says(text: str, **rest: Any) -> Reply:
    """Returns the reply with this answer."""
    return Reply(text=text, **rest)


def busy(seconds: str = "0") -> Reply:
    """Returns 429, with the time after which to come again."""
    return Reply(status=429, headers={"Retry-After": seconds}, raw=b'{"error": "busy"}')


BROKEN = Reply(status=500, raw=b"oops")
HALF_JSON = Reply(text="joy", cut=0.5)
SILENCE = Reply(silent=True)
HANGS_UP = Reply(hangs_up=True)


def question_of(body: Body) -> str:
    """Returns the last message of a request: the question."""
    text: str = body["messages"][-1]["content"]
    return text


def in_turn(*replies: Reply) -> Callable[[Body], Reply]:
    """Returns what gives each question these replies one after the other.

    The last one stays.
    """
    asked: dict[str, int] = {}

    def reply(body: Body) -> Reply:
        key = json.dumps(body["messages"])
        asked[key] = asked.get(key, -1) + 1
        return replies[min(asked[key], len(replies) - 1)]

    return reply


@dataclass
class ModelServer:
    """The server; `with` starts and stops it.

    Args:
      reply: what to do with a request's body.
      latency_s: seconds that each answer takes.
      slots: answers at once; the others wait, as in a real server.
      model: its only model's name.
      bodies: of the requests that came.
      headers: of the requests that came, names in lower case.
      most_at_once: requests that were there at the same time.
      connections: that were ever opened.
    """

    reply: Callable[[Body], Reply] = lambda body: says("joy")
    latency_s: float = 0.0
    slots: int = 0
    model: str = "tiny"
    keeps: bool = True
    bodies: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    served: int = 0
    at_once: int = 0
    most_at_once: int = 0
    connections: int = 0
    url: str = ""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def questions(self) -> list[str]:
        """The last message of each request, in the order in which they came."""
        return [question_of(body) for body in self.bodies]

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.listen())
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def listen(self) -> None:
        """Begins to listen on a free port of loopback."""
        self._slots = asyncio.Semaphore(self.slots or 1_000_000)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"

    async def answer(self, path: str, body: Body) -> Reply:
        """Returns what is said to a request, after the time that it takes."""
        if path.endswith("/models"):
            return Reply(raw=json.dumps({"data": [{"id": self.model}]}).encode())
        if not path.endswith("/chat/completions"):
            return Reply(status=404, raw=b'{"error": "no such path"}')
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with self._slots:
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                return self.reply(body)
        finally:
            self.at_once -= 1
            self.served += 1


class _Connection(asyncio.Protocol):
    """One connection: HTTP/1.1 that is kept alive, one request at a time."""

    def __init__(self, server: ModelServer):
        self._server = server
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._server.connections += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) >= length:
            self._received = rest[length:]
            serving = self._serve(line.split()[1], headers, rest[:length])
            self._task = asyncio.ensure_future(serving)

    async def _serve(self, path: str, headers: dict[str, str], content: bytes) -> None:
        body = json.loads(content) if content else {}
        if self._server.keeps and body:
            self._server.headers.append(headers)
            self._server.bodies.append(body)
        reply = await self._server.answer(path, body)
        if reply.hangs_up:
            self._transport.close()
        elif not reply.silent and not self._transport.is_closing():
            self._transport.write(_http(reply, body))


def _http(reply: Reply, body: Body) -> bytes:
    content = reply.raw
    if content is None:
        content = json.dumps(_completion(reply, body)).encode()
    content = content[: int(len(content) * reply.cut)]
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} Reply", *map(": ".join, headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _completion(reply: Reply, body: Body) -> dict[str, Any]:
    asked = sum(len(message["content"].split()) for message in body["messages"])
    said = len(reply.text.split())
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text},
        "finish_reason": "stop",
    }
    if body.get("logprobs") and reply.tokens is not None:
        choice["logprobs"] = {"content": list(_logprobs(reply, body))}
    usage = {"prompt_tokens": asked, "completion_tokens": said}
    return {"object": "chat.completion", "choices": [choice], "usage": usage}


def _logprobs(reply: Reply, body: Body) -> Iterator[dict[str, Any]]:
    """Yields, for each token, the likely ones; the likeliest was said."""
    for likely in reply.tokens or ():
        ranked = sorted(likely.items(), key=lambda each: -each[1])
        listed = [{"token": t, "logprob": math.log(p)} for t, p in ranked]
        yield {**listed[0], "top_logprobs": listed[: body["top_logprobs"]]}


# -- as a process ------------------------------------------------------------------


@contextmanager
def served_by_a_process(*arguments: str) -> Iterator[str]:
    """Gives the URL of a server in a process of its own."""
    command = [sys.executable, "-m", "tests.given.model_server", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


async def _serve_for_ever(server: ModelServer) -> None:
    await server.listen()
    print(server.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-s", type=float, default=0.05)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--says", default="joy")
    given = parser.parse_args()
    asyncio.run(
        _serve_for_ever(
            ModelServer(
                lambda body: says(given.says),
                latency_s=given.latency_s,
                slots=given.slots,
                keeps=False,
            )
        )
    )
