"""A server that answers like a language model, so that a notebook runs everywhere."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANGRY = ("again", "broke", "upset", "flaky", "irritated", "exasperating")
GLAD = ("thank", "great", "glad", "woohoo")


class _Server(ThreadingHTTPServer):
    # Forty questions arrive at once; a connection that is refused is asked again.
    request_queue_size = 64
    daemon_threads = True


class _StandIn(BaseHTTPRequestHandler):
    """Answers by the words that stand in a message."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers["content-length"])
        asked = json.loads(self.rfile.read(length))["messages"][-1]["content"]
        message = {"role": "assistant", "content": answer_to(asked)}
        choice = {"message": message, "finish_reason": "stop"}
        reply = json.dumps({"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


def answer_to(asked):
    """Returns anger, joy or neutral, by the words after the first line."""
    message = asked.split("\n", 1)[1].lower()
    if any(word in message for word in ANGRY):
        return "anger"
    return "joy" if any(word in message for word in GLAD) else "neutral"


def serve():
    """Returns the URL of a server that answers until the notebook ends."""
    server = _Server(("127.0.0.1", 0), _StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"
