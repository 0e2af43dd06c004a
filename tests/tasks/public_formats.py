"""The samples that ship, as the hub's tables of the public sets have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from wattmark.tasks.squad import SAMPLES
from wattmark.tasks.sst2 import DATA

V1 = json.loads(SAMPLES["1"].read_text(encoding="utf-8"))
V2 = json.loads(SAMPLES["2"].read_text(encoding="utf-8"))
GLUE = [line.split("\t") for line in DATA.read_text(encoding="utf-8").splitlines()[1:]]


def hub_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The same questions with the columns that the hub's data set has."""
    return [
        {
            "id": asked["id"],
            "title": article["title"],
            "context": paragraph["context"],
            "question": asked["question"],
            "answers": {
                "text": [answer["text"] for answer in asked["answers"]],
                "answer_start": [answer["answer_start"] for answer in asked["answers"]],
            },
        }
        for article in content["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def glue_rows() -> list[dict[str, Any]]:
    """SST-2's rows with the columns that the hub's data set has."""
    return [
        {"idx": number, "sentence": sentence, "label": int(label)}
        for number, (sentence, label) in enumerate(GLUE)
    ]
