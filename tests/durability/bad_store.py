"""A proxy before an object store that is slow, drops connections and says 503.

Plain HTTP on the loopback device; the same seed fails the same requests of one client.
"""

import http.client
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

CONDITIONS = ("If-None-Match", "x-goog-if-generation-match")
"""Headers by which S3 and Google's XML API are asked to put only what is new."""
IN_PATH = "ifGenerationMatch="
"""The same in an address of Google's JSON API."""
_SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


class BadStore:
    """Passes requests on to a store, well or badly.

    Args:
      port: of the store on 127.0.0.1.
      seed: of the chances.
    """

    def __init__(self, port: int, seed: int = 1):
        self.says_503 = 0.0
        """Share of requests that are answered with 503 SlowDown, 0..1."""
        self.drops = 0.0
        """Share of requests whose connection is cut; half of them are carried out."""
        self.latency_s = 0.0
        self.dead_after: int | None = None
        """Number of requests after which every one fails; None for never."""
        self.requests: list[tuple[str, str, bool]] = []
        """Method, path, and whether it was a conditional put."""
        self._port = port
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"store": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        """Passes everything on from now on."""
        self.says_503 = self.drops = self.latency_s = 0.0
        self.dead_after = None

    def fate(self, method: str, path: str, conditional: bool) -> str:
        """Notes a request and says what becomes of it."""
        with self._lock:
            self.requests.append((method, path, conditional))
            if self.dead_after is not None and len(self.requests) > self.dead_after:
                return "503"
            drawn = self._rng.random()
        if drawn < self.says_503:
            return "503"
        if drawn < self.says_503 + self.drops / 2:
            return "cut"
        if drawn < self.says_503 + self.drops:
            return "cut the answer"
        return "pass"

    def ask(self, method: str, path: str, body: bytes, headers: Any) -> Any:
        """Returns the store's own answer: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    store: BadStore
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        by_header = any(name in self.headers for name in CONDITIONS)
        conditional = by_header or IN_PATH in self.path
        fate = self.store.fate(self.command, unquote(self.path), conditional)
        time.sleep(self.store.latency_s)
        if fate == "503":
            self._answer(503, [("Content-Type", "application/xml")], _SLOW_DOWN)
            return
        if fate != "cut":
            said = self.store.ask(self.command, self.path, body, self.headers)
        if fate == "pass":
            self._answer(*said)
        else:
            self.close_connection = True  # without a word

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _answer(self, status: int, headers: Any, body: bytes) -> None:
        self.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""
