"""A hub of one's own: the few routes that a download takes, served from folders on this machine.

A data set's name begins with 'datasets/', as it does in the hub's addresses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Repositories by name; `gated` ones list their files and give none."""

    folders: dict[str, Path]
    gated: set[str] = field(default_factory=set)
    fetched: list[str] = field(default_factory=list)
    """Names of the files whose contents were sent."""
    seen_authorization: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Run the hub on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            hub.seen_authorization.append(self.headers.get("authorization", ""))
            path = self.path.partition("?")[0].strip("/")
            status, headers, content, sent = _route(hub, path)
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                if sent and status == 200:
                    hub.fetched.append(sent)
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


Reply = tuple[int, dict[str, str], bytes, str | None]


def _route(hub: Hub, path: str) -> Reply:
    api = path.startswith("api/")
    rest = path.removeprefix("api/").removeprefix("models/")
    name = next((n for n in hub.folders if rest == n or rest.startswith(n + "/")), None)
    if name is None:
        return 401, {"X-Error-Code": "RepoNotFound"}, b"{}", None
    rest = rest.removeprefix(name).strip("/")
    folder = hub.folders[name]
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if api:
        words = rest.split("/")
        if words[0] in ("revision", "tree") and words[1] not in ("main", COMMIT):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}", None
        if words[0] == "tree":
            place = folder.joinpath(*words[2:])
            inside = sorted(place.glob("*")) if name.startswith("datasets/") else files
            return _json([_entry(folder, p) for p in inside])
        siblings = [{"rfilename": str(p.relative_to(folder))} for p in files]
        return _json({"id": name, "sha": COMMIT, "siblings": siblings})
    if name in hub.gated:
        return 403, {"X-Error-Code": "GatedRepo"}, b"{}", None
    file = folder / rest.removeprefix("resolve/").partition("/")[2]
    if not file.is_file():
        return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"", None
    headers = {"ETag": f'"{_oid(file)}"', "X-Repo-Commit": COMMIT}
    return 200, headers, file.read_bytes(), file.name


def _entry(folder: Path, path: Path) -> dict[str, object]:
    place = str(path.relative_to(folder))
    if path.is_dir():
        return {"type": "directory", "path": place, "oid": ""}
    return {"type": "file", "path": place, "size": path.stat().st_size, "oid": _oid(path)}


def _json(content: object) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode(), None


def _oid(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
