"""Put the kept results of the five studies on their pages in docs/studies.

    python tools/write_study_results.py           writes the pages and their pictures
    python tools/write_study_results.py --check   exit code 1 where a page differs

Of each study the setting `embedded` is shown, and `random` where it is kept, of the machine whose
results they are. A test holds the pages to the results.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattmark.report.format import figure
from wattmark.schema import Estimate
from wattmark.units import gibibytes

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "2-cpus-x86_64"
PAGES = ROOT / "docs" / "studies"
IMAGES = ROOT / "docs" / "images"
REPOSITORY = "https://github.com/wattmark/wattmark/blob/main"
BEGIN, END = "<!-- results: tools/write_study_results.py -->", "<!-- end of results -->"
PARTS = ("model", "backend", "precision", "batch_size", "task", "mode")
SHOWN = {
    "energy_per_query_j": "J/query",
    "energy_per_token_j": "J/token",
    "energy_per_correct_j": "J/correct",
    "tokens_per_s": "tokens/s",
    "queries_per_s": "queries/s",
    "accuracy": "accuracy",
}


def section(study: str) -> str:
    """What stands on a study's page, between its marks."""
    kept = _kept(study, "embedded")
    lines = [
        BEGIN,
        *_results("Results on the models that ship", kept),
        "",
        f"![{study}: the chart of this run that answers the question](../images/{study}.png)",
        "",
        _where(study, "embedded"),
    ]
    if (RESULTS / study / "random.json").exists():
        said = "Results at the models' true size, with random weights and short answers"
        lines += ["", *_results(said, _kept(study, "random")), "", _where(study, "random")]
    return "\n".join([*lines, END])


def _kept(study: str, setting: str) -> Any:
    return json.loads((RESULTS / study / f"{setting}.json").read_text(encoding="utf-8"))


def _results(title: str, kept: Mapping[str, Any]) -> list[str]:
    """What was run on what, and a table with a row a trial."""
    trials = kept["trials"]
    parts = [part for part in PARTS if len({str(trial[part]) for trial in trials}) > 1]
    metrics = [name for name in SHOWN if any(name in trial["metrics"] for trial in trials)]
    return [
        f"**{title}.** {_machine(kept)} `{kept['command']}` took {kept['seconds']:.0f} s."
        f" {_energy(trials)} Intervals are at 95 %, over fresh processes.",
        "",
        _row([*(part.replace("_", " ") for part in parts), *(SHOWN[name] for name in metrics)]),
        _row(["---"] * len(parts) + ["---:"] * len(metrics)),
        *(_row([*(_cell(t[p]) for p in parts), *(_figure(t, m) for m in metrics)]) for t in trials),
    ]


def _where(study: str, setting: str) -> str:
    place = (RESULTS / study).relative_to(ROOT)
    return (
        f"[The whole report]({REPOSITORY}/{place}/{setting}.md); "
        f"`python -m benchmarks.studies {setting} {study} --check` sets a run of yours beside it."
    )


def _machine(kept: Mapping[str, Any]) -> str:
    machine = kept["machine"]
    memory = gibibytes(machine["ram_bytes"])
    return (
        f"{machine['cpu_model']}, {machine['usable_cpus']} CPUs, {memory}, torch "
        f"{machine['versions']['torch']}, {kept['started'][:10]}."
    )


def _energy(trials: Sequence[Mapping[str, Any]]) -> str:
    """Where joules come from, with the largest gain."""
    words = " and ".join(sorted({str(trial["provenance"]) for trial in trials}))
    gain = max(trial["gain_uncertainty"] or 0.0 for trial in trials)
    return f"Energy is {words}, gain ± {100 * gain:.0f} %."


def _figure(trial: Mapping[str, Any], name: str) -> str:
    found = trial["metrics"].get(name)
    return figure(Estimate(metric=name, confidence=0.95, **found)) if found else "–"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def page(study: str) -> str:
    """The page as it should be; the section is put at its end where it has none yet."""
    text = (PAGES / f"{study}.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2].lstrip("\n")
    return f"{before.rstrip()}\n\n{section(study)}\n" + (f"\n{after}" if after else "")


def main() -> int:
    """Write the pages, or check them."""
    differ = []
    for path in sorted(PAGES.glob("*.md")):
        study = path.stem
        picture = RESULTS / study / "embedded.png"
        target = IMAGES / f"{study}.png"
        same = target.exists() and target.read_bytes() == picture.read_bytes()
        if page(study) != path.read_text(encoding="utf-8") or not same:
            differ.append(study)
        if "--check" not in sys.argv:
            path.write_text(page(study), encoding="utf-8")
            shutil.copyfile(picture, target)
    if "--check" in sys.argv and differ:
        print(f"{', '.join(differ)}: run python tools/write_study_results.py")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
