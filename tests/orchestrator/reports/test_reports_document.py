"""docs/reports.md tells what the reports have."""

import re
from xml.etree import ElementTree

from document import Document
from evidence_builder import Run, checkouts, hunt, race
from judged_runs import cut_off, judged

from gatedrill.orchestrator.reports.formats import RENDERERS
from gatedrill.orchestrator.reports.junit import REHEARSAL
from gatedrill.orchestrator.reports.selection import MAX_ROWS_A_BURST, MAX_ROWS_DRAWN
from gatedrill.orchestrator.reports.table import MAX_ROWS

DOCUMENT = Document("reports.md")


def test_every_format_is_told() -> None:
    assert DOCUMENT.names("Reports") == list(RENDERERS)


def test_every_property_is_told() -> None:
    runs = [judged(Run(race())), judged(Run(checkouts())), judged(Run(hunt())), judged(cut_off())]
    root = ElementTree.fromstring(RENDERERS["junit"](runs))
    names = [each.attrib["name"] for each in root.iter("property")]
    general = [
        re.sub(r"^(outcome)\.\w+(\.\w+)?$", lambda found: _outcome(found[2]), name)
        for name in map(_general, names)
    ]
    assert sorted(set(general)) == sorted(DOCUMENT.names("Properties"))


def _general(name: str) -> str:
    for pattern, word in (
        (r"^hunt\.drill-1$", "hunt.PHASE"),
        (r"^failed\..*$", "failed.FAULT"),
        (r"^decided\..*$", "decided.AUTHORITY"),
    ):
        name = re.sub(pattern, word, name)
    return name


def _outcome(reason: str | None) -> str:
    return "outcome.KIND.REASON" if reason else "outcome.KIND"


def test_the_case_for_the_rehearsal_is_told() -> None:
    assert DOCUMENT.names("JUnit XML")[0] == REHEARSAL


def test_the_limits_are_told() -> None:
    assert (
        f"at most {MAX_ROWS_DRAWN} rows, those of a burst at most {MAX_ROWS_A_BURST}, "
        f"and a table at most {MAX_ROWS}." in DOCUMENT.words
    )
