"""A meter on loopback that answers as it is told: well, slowly, wrongly, or not at all."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wattmark.meter import Sensor
from wattmark.schema import Sample

Answer = Callable[["Handler"], None]
PATIENCE_S = 20.0


class Handler(BaseHTTPRequestHandler):
    """One request; what is sent is up to the server's `answer`."""

    server: MeterServer

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        self.server.headers.append(dict(self.headers))
        # Whoever asked may have lost patience, as it should.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.answer(self)

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def send(self, body: bytes | object, status: int = 200) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing is printed."""


class MeterServer(ThreadingHTTPServer):
    """Serves until it leaves the `with`; `go` and `come_back` take it off the net and on again."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, answer: Answer, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __exit__(self, *_: object) -> None:
        self.go()

    def go(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def says(body: bytes | object, status: int = 200) -> Answer:
    return lambda handler: handler.send(body, status)


def hangs(handler: Handler) -> None:
    """Takes the request and says nothing until the other side has gone."""
    handler.connection.settimeout(10)
    handler.connection.recv(1)


def drips(handler: Handler) -> None:
    """Sends a byte now and then: no single wait is long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def until(sensor: Sensor, wanted: Callable[[Sample], bool]) -> Sample:
    """Read until a sample is as wanted; fails after a patience that no test needs."""
    deadline = time.monotonic() + PATIENCE_S
    seen = []
    while time.monotonic() < deadline:
        sample = sensor.read()
        if wanted(sample):
            return sample
        if sample.fault or sample.power_w is not None or sample.energy_j is not None:
            seen.append(sample)
        time.sleep(0.01)
    raise AssertionError(f"not seen; last: {seen[-5:]}")


def has_value(sample: Sample) -> bool:
    return sample.power_w is not None or sample.energy_j is not None


def is_absent(sample: Sample) -> bool:
    return sample.fault is not None and sample.fault.startswith("absent: ")
