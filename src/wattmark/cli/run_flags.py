"""The flags of `wattmark run`, each with what it says of itself; `run` gathers them.

Those at the end are what published studies call some of them: understood, and not in the help.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Suite = Annotated[
    str | None,
    typer.Argument(help="A suite that ships (see 'wattmark list suites') or a TOML file."),
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "--models",
        help="Models, by comma or repeated: embedded/…, a folder, or a hub id; embedded: those"
        " that ship, as the suite says; +name: beside the suite's.",
    ),
]
Task = Annotated[
    list[str] | None,
    typer.Option(help="Tasks, or files of queries (a query a line, or JSONL)."),
]
Backend = Annotated[list[str] | None, typer.Option(help="Engines.")]
Precision = Annotated[list[str] | None, typer.Option(help="fp32, bf16, fp16 …")]
Batch = Annotated[
    list[str] | None, typer.Option(help="Batch sizes, such as 1,8; auto finds one that pays.")
]
Mode = Annotated[
    list[str] | None, typer.Option(help="baseline, rag (with retrieved contexts), or both.")
]
Corpus = Annotated[
    str | None, typer.Option(help="Folder or file of text, Markdown, JSONL that rag searches.")
]
TopK = Annotated[
    int | None, typer.Option(help="Chunks retrieved for a query (the task's own number, or 3).")
]
ContextTokens = Annotated[
    int | None, typer.Option(help="Most tokens of retrieved text in a prompt (256).")
]
ChunkBy = Annotated[str | None, typer.Option(help="words or sentences.")]
ChunkSize = Annotated[
    int | None, typer.Option(help="Of these in a chunk (100 words, 5 sentences).")
]
ChunkOverlap = Annotated[
    int | None, typer.Option(help="Of these shared with the next chunk (a fifth).")
]
Chat = Annotated[
    str | None,
    typer.Option(help="Chat template of the tokenizer: auto (where it has one), on or off."),
]
ChatTemplate = Annotated[
    str | None, typer.Option(help="A file with another chat template, in Jinja.")
]
System = Annotated[str | None, typer.Option(help="System prompt.")]
Shots = Annotated[int | None, typer.Option(help="Solved examples before each prompt (0).")]
Temperature = Annotated[
    float | None, typer.Option(help="Above 0, tokens are drawn from the seed (0: greedy).")
]
TopP = Annotated[float | None, typer.Option(help="Drawn among the likeliest with this share (1).")]
Confidence = Annotated[
    bool | None, typer.Option("--confidence", help="Probability of each answer's tokens.")
]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N, cuda:N+M or cuda:all.")]
Revision = Annotated[str | None, typer.Option(help="Revision of hub models.")]
Weights = Annotated[
    str | None,
    typer.Option(help="pretrained, or random: a shape at its true size, no download."),
]
Replicates = Annotated[int | None, typer.Option(help="Fresh processes for each trial (5).")]
Warmups = Annotated[int | None, typer.Option(help="Batches before the measured region.")]
Limit = Annotated[int | None, typer.Option(help="Queries of each task; default: all.")]
MaxNewTokens = Annotated[int | None, typer.Option(help="Most tokens of an answer.")]
Seed = Annotated[int | None, typer.Option(help="Seed of order and sampling.")]
Idle = Annotated[
    float | None, typer.Option(help="Seconds of idle measured before and after the work.")
]
Interval = Annotated[
    float | None, typer.Option(help="Seconds between two readings of the sensors (0.1).")
]
Timeout = Annotated[float | None, typer.Option(help="Seconds after which a worker counts as hung.")]
QuietWait = Annotated[
    float | None, typer.Option(help="Most seconds to wait for a quiet machine (5).")
]
PrecisionTarget = Annotated[
    str | None,
    typer.Option(help="Repeat the queries until the joules are known to this, such as 5%."),
]
TimeBudget = Annotated[
    float | None, typer.Option(help="Most seconds of work of a replicate for that (60).")
]
RepeatNoisy = Annotated[
    int | None, typer.Option(help="Most repetitions of a replicate that others disturbed (0).")
]
Threads = Annotated[int | None, typer.Option(help="CPU threads of the engine.")]
Cpus = Annotated[list[str] | None, typer.Option(help="CPUs to pin workers to, such as 0,1.")]
MemoryLimit = Annotated[str | None, typer.Option(help="Most memory of a worker, such as 20GiB.")]
ForceMemory = Annotated[
    bool, typer.Option("--force-memory", help="Run also what is foreseen not to fit.")
]
Sensor = Annotated[
    list[str] | None, typer.Option(help="Sensors to use, or none; default: all that are found.")
]
Country = Annotated[
    str | None, typer.Option(help="Country for carbon, as three letters (DEU), or WORLD.")
]
Zone = Annotated[
    str | None, typer.Option(help="Part of a country instead, such as US-CA or Quebec.")
]
Intensity = Annotated[
    str | None, typer.Option(help="Carbon intensity in g CO2e/kWh, or a CSV file of a series.")
]
Pue = Annotated[
    float | None, typer.Option(help="Power usage effectiveness (1.0: IT equipment only).")
]
EmbodiedKg = Annotated[float | None, typer.Option(help="kg CO2e of making the device, for SCI.")]
LifetimeYears = Annotated[float | None, typer.Option(help="Years that the device lives (4).")]
Water = Annotated[float | None, typer.Option(help="Water on site in L/kWh (WUE).")]
GridWater = Annotated[float | None, typer.Option(help="Water used by generation in L/kWh.")]
Option = Annotated[list[str] | None, typer.Option(help="An option of the engine, key=value.")]
Name = Annotated[str | None, typer.Option(help="Name of the run.")]
TrustRemoteCode = Annotated[
    bool, typer.Option("--trust-remote-code", help="Let a model bring and run its own code.")
]
AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Load weights that are no safetensors.")
]
Out = Annotated[Path | None, typer.Option(help="Run directory; default: runs/<name>-<time>.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier run in the folder of --out.")
]
Resume = Annotated[
    Path | None, typer.Option(help="Go on with an interrupted or partly failed run.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan and an estimate of its time.")
]
NoReport = Annotated[bool, typer.Option("--no-report", help="Do not write report.html at the end.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
NoTiming = Annotated[
    bool,
    typer.Option(
        "--no-timing", help="With --dry-run of a suite: guess its time, and time no model."
    ),
]

ModelName = Annotated[str | None, typer.Option("--model_name", hidden=True)]
Strategy = Annotated[str | None, typer.Option("--strategy", hidden=True)]
DatasetName = Annotated[str | None, typer.Option("--dataset_name", hidden=True)]
DatasetSplit = Annotated[str | None, typer.Option("--dataset_split", hidden=True)]
Dataset = Annotated[str | None, typer.Option("--dataset", hidden=True)]
Samples = Annotated[int | None, typer.Option("--samples", hidden=True)]
SeqLen = Annotated[int | None, typer.Option("--seq-len", hidden=True)]
Repeats = Annotated[int | None, typer.Option("--repeats", hidden=True)]
MaxBatches = Annotated[int | None, typer.Option("--max-batches", hidden=True)]
