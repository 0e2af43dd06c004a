"""Gates as JUnit XML: a test case for each gate and trial, for the test page of a CI service.

A regression is a failure; what is not resolved is an error, because nothing was let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from wattmark.analysis.gate import PASS, REGRESSION, Judgement
from wattmark.report.comparison import gate_text
from wattmark.report.format import plain

SUITE = "wattmark compare"


def junit(judgements: Sequence[Judgement]) -> str:
    """The XML text; names are made plain, as XML has no control characters."""
    outcomes = [judgement.outcome for judgement in judgements]
    failures = outcomes.count(REGRESSION)
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(failures),
        "errors": str(len(outcomes) - failures - outcomes.count(PASS)),
    }
    root = Xml.Element("testsuites", counts)
    suite = Xml.SubElement(root, "testsuite", {"name": SUITE, **counts})
    for judgement in judgements:
        asked, found = gate_text(judgement)
        case = Xml.SubElement(
            suite, "testcase", {"classname": plain(judgement.metric), "name": asked}
        )
        if judgement.outcome == PASS:
            Xml.SubElement(case, "system-out").text = found
            continue
        kind = "failure" if judgement.outcome == REGRESSION else "error"
        said = {"message": f"{judgement.outcome}: {found}", "type": judgement.outcome}
        Xml.SubElement(case, kind, said).text = found
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
