"""A run beside meters on the network: no password is kept, and an absent meter ends nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

from meter_server import MeterServer, free_port, says


def test_a_run_keeps_no_secret_and_goes_on_without_a_meter(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with MeterServer(says({"power": 42.0})) as server:
        host = server.url.removeprefix("http://")
        plug = f"plug:http://anna:geheim@{host}/s?password=geheim2,field=power,unit=W,every=0.05"
        absent = f"plug:http://127.0.0.1:{free_port()},field=a,unit=W,every=0.05,name=off"
        token = f"plug:http://{host}/s,field=power,unit=W,token_env=PLUG_TOKEN,name=token"
        command = [sys.executable, "-m", "wattmark", "run", "--model", "fake", "--backend", "fake"]
        command += ["--task", "arithmetic", "--limit", "2", "--replicates", "1", "--out", str(out)]
        for sensor in (plug, absent, token):
            command += ["--sensor", sensor]
        environment = {**os.environ, "PLUG_TOKEN": "geheim3"}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, timeout=200
        )
    assert done.returncode == 0, done.stderr
    assert "geheim" not in done.stdout + done.stderr
    for path in out.rglob("*"):
        assert path.is_dir() or b"geheim" not in path.read_bytes(), path
    info = json.loads((out / "run.json").read_text())
    assert [sensor["name"] for sensor in info["sensors"]] == [
        "plug:127.0.0.1",
        "plug:off",
        "plug:token",
    ]
    (missing,) = info["sensors_missing"]
    assert "plug:off is absent" in missing["why"]
    assert "token_env=PLUG_TOKEN" in info["suite"]["sensors"][2], "what is no secret is kept"
