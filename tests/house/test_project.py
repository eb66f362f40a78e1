"""What the project's files say: nothing of one machine, nothing that is not there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import CHECKOUT, PORTIONS, pyproject
from services import require

FOREIGN = {
    "a path of one machine": re.compile(
        r"(?<![\w.}])/(work|root|tmp|home/\w+|Users/\w+)(?=[/\s'\"`)]|$)"
    ),
    "a registry's host": re.compile(
        r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs|docker\.io|ghcr\.io)"
    ),
    "an issue's number": re.compile(r"\bissues? #?\d", re.IGNORECASE),
}
LINK = re.compile(r"\]\(([^()\s]+)\)")
NAMED_PATH = re.compile(rf"`((?:{'|'.join(PORTIONS)}|tests|docs|benchmarks|\.ci)/[\w./-]*)`")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
MAKE_COMMAND = re.compile(r"(?:^|`|\$ )make ([a-z][a-z-]*)", re.MULTILINE)
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def foreign_words(text: str) -> list[str]:
    """Each line that speaks of one machine or workplace, and what it speaks of."""
    return [
        f"line {number}: {what}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if pattern.search(line)
    ]


def broken_links(document: Path) -> list[str]:
    """Links of a Markdown file to files or headings that are not there."""
    return [
        link
        for link in LINK.findall(document.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link) and not _resolves(document, link)
    ]


def _resolves(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists():
        return False
    return not anchor or anchor in map(_anchor, HEADING.findall(target.read_text(encoding="utf-8")))


def _anchor(heading: str) -> str:
    """As GitHub derives it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def missing_paths(document: str) -> list[str]:
    """Files and folders of the project that a document names and that are not there."""
    return [path for path in NAMED_PATH.findall(document) if not (CHECKOUT / path).exists()]


def unknown_targets(document: str, makefile: str) -> set[str]:
    """What a document tells people to `make` and the Makefile does not know."""
    return set(MAKE_COMMAND.findall(document)) - set(TARGET.findall(makefile))


def documents() -> Iterator[Path]:
    """The project's Markdown files."""
    yield from CHECKOUT.glob("*.md")
    yield from CHECKOUT.glob("docs/**/*.md")


def project_files() -> list[Path]:
    """All files that are in the project or about to be."""
    require(shutil.which("git") is not None and (CHECKOUT / ".git").exists(), "a git checkout")
    # A checkout may belong to another user than the one who tests it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    files = [CHECKOUT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def test_no_file_speaks_of_one_machine_or_workplace() -> None:
    files = project_files()
    assert len(files) > 50
    found = {
        file.relative_to(CHECKOUT).as_posix(): words
        for file in files
        if (words := foreign_words(file.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "work/main",
        'OUT = "/' + 'tmp"',
        "see `/" + "home/someone/notes`",
        "index-url = https://pypi." + "org/simple",
        "as asked in issue " + "#7",
    ],
)
def test_a_line_that_speaks_of_a_workplace_is_found_out(line: str) -> None:
    assert foreign_words(f"fine\n{line}\n")


@pytest.mark.parametrize(
    "line", ["folder / work", "drills/tmp/x", "https://example.org/work/x", "/rest/v1/tickets"]
)
def test_a_line_that_only_looks_like_it_passes(line: str) -> None:
    assert foreign_words(line) == []


@pytest.mark.parametrize("document", [pytest.param(path, id=path.name) for path in documents()])
def test_every_relative_link_resolves(document: Path) -> None:
    assert broken_links(document) == []


def test_a_link_to_nowhere_is_found_out(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(
        "# Top of it\n[a](gone.md) [b](#top-of-it) [c](#no-top) [d](README.md#no)\n"
    )
    assert broken_links(document) == ["gone.md", "#no-top", "README.md#no"]


@pytest.mark.parametrize("document", [pytest.param(path, id=path.name) for path in documents()])
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    assert missing_paths(document.read_text(encoding="utf-8")) == []


def test_a_file_that_has_gone_is_found_out() -> None:
    assert missing_paths("See `docs/` and `cli/gone.py`, in `elsewhere/x.py`.") == ["cli/gone.py"]


def test_the_changelog_has_a_section_for_this_version() -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = pyproject()["project"]["version"]
    assert re.search(rf"^## \[?{re.escape(version)}\b", changelog, re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_what_people_are_told_to_make_can_be_made(name: str) -> None:
    document = (CHECKOUT / name).read_text(encoding="utf-8")
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert unknown_targets(document, makefile) == set()


def test_a_command_that_cannot_be_made_is_found_out() -> None:
    document = "Run `make drill`:\n\n    $ make tests\n\nand make sure that it passes.\n"
    assert unknown_targets(document, "drill: ready\n\ttrue\n") == {"tests"}
