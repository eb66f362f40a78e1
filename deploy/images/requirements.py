"""Prints what the project needs with these extras, a line each, from its pyproject.toml.

So an image's layer of other people's packages depends on that file alone, and is made again only
when it changes.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = re.compile(r"gatedrill\[(.*)\]")


def requirements(extras: list[str]) -> list[str]:
    """Those of the project itself and of these extras, each once, sorted."""
    wanted = set(PROJECT["dependencies"])
    for extra in extras:
        for needed in PROJECT["optional-dependencies"][extra]:
            nested = OURS.fullmatch(needed)
            wanted.update(requirements(nested[1].split(",")) if nested else [needed])
    return sorted(wanted)


sys.stdout.write("\n".join(requirements(sys.argv[1:])) + "\n")
