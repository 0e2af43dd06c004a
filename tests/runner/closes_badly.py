"""An engine that does its work and then breaks when it is closed."""

from typing import Never

from wattmark.backends.fake import FakeBackend


class Engine(FakeBackend):
    def close(self) -> Never:
        raise RuntimeError("free failed")
