"""A model server that says what it is told to, word by word, over HTTP."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class ChatServer:
    """Answers every request that ends with a person's words with ``replies`` in turn, the last from then on."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.asked: list[list[dict[str, str]]] = []
        """The messages of each reply's request; warm-ups, which want one token, are not among them."""
        self.url = ""
        self.thinks_s = 0.0
        """Before the first word of a reply."""

    def answer(self, request: dict[str, Any]) -> str:
        """What is said to a request."""
        if request["max_tokens"] == 1:
            return "."
        self.asked.append(request["messages"])
        time.sleep(self.thinks_s)
        return self.replies[min(len(self.asked), len(self.replies)) - 1]


@contextmanager
def serving(*replies: str) -> Iterator[ChatServer]:
    """A server on a free loopback port, for the length of this context."""
    chat = ChatServer(*replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            words = chat.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))).split(" ")
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            with suppress(ConnectionError):
                for number, word in enumerate(words):
                    self._send(word if number == 0 else f" {word}")
                self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, text: str) -> None:
            chunk = {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "scripted",
                "choices": [{"index": 0, "delta": {"content": text}}],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
