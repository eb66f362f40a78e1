"""A service of tables over real HTTP that answers each path as a test tells it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec


@dataclass
class Asked:
    """One request that the service has seen."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A service that answers as it is told: by path, a status and a body, or None to hang up.

    It has no columns that it lacks: whoever selects one is told that this is a bad request.
    """

    url: str
    answers: dict[str, tuple[int, bytes] | None] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    lacks: set[str] = field(default_factory=set)

    def answer(self, path: str, body: object, status: int = 200) -> None:
        """Answer this path with a body, bytes as they are and all else as JSON."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.answers[path] = (status, encoded)


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    service: Service


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.service.asked.append(Asked(self.command, url.path, query, headers, body))
        answer = self.server.service.answers.get(url.path, (404, b"{}"))
        if self.server.service.lacks & set(query.get("select", "").split(",")):
            answer = (400, b'{"code":"42703"}')
        if answer is None:
            return
        self.send_response(answer[0])
        self.send_header("location", "/elsewhere")
        self.end_headers()
        self.wfile.write(answer[1])

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def table_service() -> Iterator[Service]:
    """Serve on a free port of loopback, in a thread of its own, while the body runs."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.service = Service(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server.service
        server.shutdown()
        serving.join()
