from __future__ import annotations

import pytest

from wattmark.report.labels import short_task


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("arithmetic", "arithmetic"),
        ("./mine/queries.txt", "queries.txt"),
        ("squad:data=sample,mode=closed", "squad:data=sample,mode=closed"),
        ("squad:data=/x/y/dev.json,mode=closed", "squad:data=dev.json,mode=closed"),
        (
            "hf:answer=a,data=org/name,query=b",
            "hf:answer=a,data=name,query=b",
        ),
        (
            "sst2:data=sample,labels=L0:negative/L1:positive",
            "sst2:data=sample,labels=L0:negative/L1:positive",
        ),
        ("/x/a:b=c.txt", "a:b=c.txt"),
        ("\x1b[31msquad:data=a\x1b", "squad:data=a"),
    ],
)
def test_a_task_keeps_its_options(name: str, shown: str) -> None:
    assert shown in short_task(name)
    assert "\x1b" not in short_task(name)
