"""Asking a meter by HTTP: time-outs that hold, sizes that are bounded, secrets that are not shown.

Requests go straight to the address: no proxy, which would see the credentials, and no
redirection, which would carry them elsewhere. The time-out holds for the whole answer, however
slowly it drips. A user and password stand in the address, `user:password@`; a bearer token
stands in the environment variable that token_env names, a password in password_env's.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from wattmark.errors import InputError
from wattmark.meter.remote import AbsentError
from wattmark.optiontext import Options, redacted

MOST_BYTES = 4 * 1024 * 1024
TIMEOUT_S = 2.0
WORDS = ("token_env", "password_env")
SAID_CHARACTERS = 200
LEAST_SECRET = 4
"""Shorter ones are in every other word."""
# Asking again may help: log in, slow down, wait for the server.
_PASSING = (401, 403, 408, 425, 429)


@dataclass(frozen=True)
class Endpoint:
    """Where a meter is asked. `shown` is the address without secrets."""

    url: str = field(repr=False)
    shown: str
    timeout_s: float = TIMEOUT_S
    authorization: str | None = field(default=None, repr=False)
    stripped: bool = False
    """Whether a password was taken out of the address (a run that goes on from its folder)."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What no message may hold, though a server says it back."""

    @property
    def host(self) -> str:
        """The name of the machine that is asked."""
        return urlsplit(self.url).hostname or "?"

    def at(self, path: str) -> Endpoint:
        """The same meter at a path below the address; itself where the address ends so."""
        parts = urlsplit(self.url)
        if parts.path.endswith(path):
            return self
        url = parts._replace(path=parts.path.rstrip("/") + path).geturl()
        return replace(self, url=url, shown=redacted(url))

    def get(self, **query: str) -> tuple[int, Any]:
        """Status and JSON of the answer; raises AbsentError where there is none."""
        url = f"{self.url}?{urlencode(query)}" if query else self.url
        # Unredirected, though nothing redirects here: the header belongs to this host alone.
        request = urllib.request.Request(url)  # noqa: S310 - the scheme was checked in `endpoint`
        request.add_header("Accept", "application/json")
        if self.authorization is not None:
            request.add_unredirected_header("Authorization", self.authorization)
        try:
            with _opener().open(request, timeout=self.timeout_s) as answer:
                status, body = int(answer.status), self._body(answer)
        except (OSError, http.client.HTTPException, ValueError) as reason:
            raise AbsentError(_why(reason, self.timeout_s)) from None
        try:
            return status, json.loads(body)
        except ValueError:
            if status >= 400:
                return status, None
            raise AbsentError("its answer is not JSON") from None

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        deadline_s = time.monotonic() + self.timeout_s
        body = b""
        while piece := answer.read1(65536):
            body += piece
            if len(body) > MOST_BYTES:
                raise AbsentError(f"its answer is longer than {MOST_BYTES} bytes")
            if time.monotonic() > deadline_s:
                raise TimeoutError
        return body

    def hidden(self, said: object) -> str:
        """What a server says, without the secrets that it was told."""
        text = redacted(str(said))
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def check(self, status: int, said: object = None) -> None:
        """Raise for a status that is no success: AbsentError, or InputError where it stays so."""
        if 200 <= status < 300:
            return
        phrase = http.client.responses.get(status, "")
        text = f"it answers {status} {phrase}".strip()
        if said:
            text += f": {self.hidden(said)[:SAID_CHARACTERS]}"
        if status in (401, 403) and self.stripped:
            text += "; the password is not kept with a run, give password_env=…"
        if status >= 500 or status in _PASSING:
            raise AbsentError(text)
        hint = "Give the address that it redirects to." if status < 400 else None
        raise InputError(f"{self.shown}: {text}.", hint)


def endpoint(options: Options) -> Endpoint | None:
    """The address that comes first, with its credentials; None, and mistakes, where it is none."""
    text, mistakes = options.first, options.mistakes
    before = len(mistakes)
    parts = _parts(text)
    if parts is None:
        mistakes.append(f"'{redacted(text)}' is no address such as http://192.168.1.7/status.")
    secrets = {}
    for name in WORDS:
        variable = options.words.get(name)
        if variable is not None:
            secrets[name] = os.environ.get(variable, "")
            if not secrets[name].strip():
                mistakes.append(f"{name}: the environment variable {variable} is not set.")
    user = unquote(parts.username or "") if parts else ""
    if "password_env" in secrets and not user.strip("*"):
        mistakes.append("password_env needs a user in the address: http://user@host/….")
    if len(mistakes) > before or parts is None:
        return None
    password = secrets.get("password_env", unquote(parts.password or ""))
    stripped = "***" in (user, password)
    authorization = None
    if "token_env" in secrets:
        authorization = f"Bearer {secrets['token_env'].strip()}"
    elif user and not stripped:
        login = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        authorization = f"Basic {login}"
    # What http.client would refuse (a space) is quoted, what is quoted already stays.
    bare = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=quote(parts.path, safe="/%:@!$&'()*+,;=~"),
        query=quote(parts.query, safe="/%:@!$&'()*+,;=~?"),
        fragment="",
    ).geturl()
    timeout_s = options.numbers.get("timeout", TIMEOUT_S)
    told = (password, *secrets.values(), (authorization or "").partition(" ")[2])
    hidden = tuple(text for each in told if len(text := each.strip()) >= LEAST_SECRET)
    return Endpoint(bare, redacted(bare), timeout_s, authorization, stripped, hidden)


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it raises ValueError for a port that is none
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS alone: no proxies, redirections, files; every status comes back as it is."""
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler())
    return opener


def _why(reason: BaseException, timeout_s: float) -> str:
    """Why a request failed, in words that hold no address."""
    inner = getattr(reason, "reason", None)
    cause = inner if isinstance(inner, BaseException) else reason
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(cause, OSError) and cause.strerror:
        return redacted(cause.strerror)
    return f"no answer that could be read ({type(cause).__name__})"
