"""`gatedrill report` and `gatedrill compare` as they are run."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import gatedrill, on_closed_pipe
from judged_runs import RECORDED, recorded
from own_command_line import OwnCommandLine
from parsed_page import parse_page

from gatedrill.orchestrator.reports.formats import RENDERERS

EXIT_CODES = {"inconclusive": 4, "passed": 0, "threshold-crossed": 3, "violated": 1}


@pytest.mark.parametrize("name", EXIT_CODES)
@pytest.mark.parametrize("form", RENDERERS)
def test_every_form_ends_with_the_verdict_and_is_the_same_in_a_file_and_on_stdout(
    name: str,
    form: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "report"
    here = OwnCommandLine(monkeypatch, capsys)
    printed = gatedrill("report", str(RECORDED / name), "--format", form)
    saved = here.ended("report", str(RECORDED / name), "--format", form, "--out", str(out))
    assert (printed.code, printed.err) == (EXIT_CODES[name], "")
    assert (saved.code, saved.out, saved.err) == (EXIT_CODES[name], "", "")
    assert out.read_text(encoding="utf-8") == printed.out == RENDERERS[form](recorded(name))


def test_the_gravest_verdict_of_a_folder_of_runs_ends_the_command() -> None:
    ended = gatedrill("report", str(RECORDED), "--format", "junit")
    assert ended.code == 1
    assert len(ElementTree.fromstring(ended.out)) == len(list(RECORDED.glob("*/plan.json")))


def test_a_page_is_utf_8_whatever_the_terminal_speaks() -> None:
    ended = gatedrill("report", str(RECORDED / "passed"), "--format", "html", LC_ALL="C.UTF-8")
    assert parse_page(ended.out).articles
    again = gatedrill(
        "report", str(RECORDED / "passed"), "--format", "html", PYTHONIOENCODING="ascii"
    )
    assert again == ended


@pytest.mark.parametrize("form", RENDERERS)
def test_a_reader_that_goes_away_does_not_change_the_verdict(form: str) -> None:
    ended = on_closed_pipe("report", str(RECORDED / "violated"), "--format", form)
    assert (ended.code, ended.err) == (1, "")


def test_a_file_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "report.html"
    ended = gatedrill("report", str(RECORDED / "passed"), "--format", "html", "--out", str(out))
    assert ended.code == 2
    assert ended.err_lines == [
        f"gatedrill: --out {out}: cannot be written: No such file or directory"
    ]


def test_an_unknown_form_is_refused_with_those_there_are() -> None:
    ended = gatedrill("report", str(RECORDED / "passed"), "--format", "pdf")
    assert ended.code == 2
    [line] = ended.err_lines
    assert all(form in line for form in RENDERERS)


def test_a_comparison_ends_with_0_whatever_the_verdicts() -> None:
    ended = gatedrill("compare", str(RECORDED / "passed"), str(RECORDED / "violated"))
    assert (ended.code, ended.err) == (0, "")
    assert "safety violated" in ended.out


def test_a_comparison_with_a_folder_that_holds_no_run_is_a_usage_error(tmp_path: Path) -> None:
    ended = gatedrill("compare", str(RECORDED / "passed"), str(tmp_path))
    assert ended.code == 2
    assert ended.err_lines == [
        f"gatedrill: {tmp_path}: holds no run: no plan.json here nor one folder below"
    ]
