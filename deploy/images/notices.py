"""Prints who made the packages in this environment, and on which terms they may be passed on."""

import re
import sys
from importlib.metadata import Distribution, distributions

_LICENCE = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.IGNORECASE)
_RULE = "=" * 78


def told(package: Distribution, field: str) -> list[str]:
    """What its metadata says in a field, which may be there several times."""
    return [each for each in package.metadata.get_all(field) or () if each.strip()]


def terms(package: Distribution) -> str:
    """The licence as the package names it, in a line."""
    expression = told(package, "License-Expression")
    classified = [each for each in told(package, "Classifier") if each.startswith("License ::")]
    named = expression or [each.split(" :: ")[-1] for each in classified]
    free_text = [text.strip().splitlines()[0] for text in told(package, "License")]
    return ", ".join(named or free_text) or "see its files below"


def texts(package: Distribution) -> list[str]:
    """The texts that the package carries, each below the name of its file."""
    found = []
    for file in package.files or ():
        if _LICENCE.search(str(file)) and not str(file).endswith((".py", ".pyc")):
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            found.append(f"--- {file.name}\n{text.strip()}\n")
    return found


def main() -> None:
    """Print all of it, by name."""
    for package in sorted(distributions(), key=lambda each: each.name.lower()):
        homes = [*told(package, "Home-page"), *told(package, "Project-URL"), ""]
        sys.stdout.write(f"{_RULE}\n{package.name} {package.version}: {terms(package)}\n")
        sys.stdout.write(f"{homes[0]}\n\n" + "\n".join(texts(package)) + "\n")


main()
