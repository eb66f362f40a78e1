"""Reading our own documents, so that tests can hold them against the code."""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

DOCS = Path(__file__).parents[1] / "docs"


class Document(NamedTuple):
    """A Markdown file below `docs/`."""

    name: str

    @property
    def text(self) -> str:
        """All of it."""
        return (DOCS / self.name).read_text(encoding="utf-8")

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next one."""
        pattern = rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)"
        found = re.findall(pattern, self._without_code, re.DOTALL | re.MULTILINE)
        assert len(found) == 1, f"docs/{self.name}: {len(found)} sections {heading!r}"
        return str(found[0])

    def table(self, heading: str) -> list[list[str]]:
        """The cells of the one table below a heading, without its head and without backticks."""
        [table] = re.findall(r"(?:^\|.*\n)+", self.section(heading), re.MULTILINE)
        rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
        return [[cell.strip().replace("`", "") for cell in row] for row in rows]

    def names(self, heading: str) -> list[str]:
        """The first column of that table."""
        return [row[0] for row in self.table(heading)]

    def meaning(self, heading: str, name: str) -> str:
        """The last cell of the row of that table that begins with `name`."""
        [row] = [row for row in self.table(heading) if row[0] == name]
        return row[-1]

    def code(self, language: str) -> list[str]:
        """The blocks of code in this language."""
        return re.findall(rf"^```{language}\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE)

    @property
    def words(self) -> str:
        """All of it in one line."""
        return " ".join(self.text.split())

    @property
    def _without_code(self) -> str:
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)


def fields(struct: type[msgspec.Struct]) -> list[str]:
    """The names of a struct's fields as they stand in JSON, in order."""
    return [field.encode_name for field in msgspec.structs.fields(struct)]
