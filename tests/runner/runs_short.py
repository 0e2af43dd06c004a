"""An engine whose tokenizer runs out of memory: Rust's allocator aborts the whole process."""

import resource

from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from wattmark.backends.fake import FakeBackend
from wattmark.schema import Trial


class Engine(FakeBackend):
    def load(self, trial: Trial) -> None:
        tokenizer = Tokenizer(WordLevel({"a": 0}, unk_token="a"))
        text = "a" * (64 << 20)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (1, hard))
        tokenizer.encode(text)
