"""The tools beside gatedrill, in a virtual environment of their own: never the project's.

One that cannot be had on this machine is no failure: it is named as not run.
"""

import subprocess
import sys
import venv

from benchmarks.simultaneity.places import CACHE, HERE

ENVIRONMENT = CACHE / "peers"
PYTHON = ENVIRONMENT / "bin" / "python"
K6 = ENVIRONMENT / "bin" / "k6"
_COMPLETE = ENVIRONMENT / "complete.txt"
_INSTALLED = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"


def install() -> None:
    """Install each peer for itself; asks no package index once all of them are there."""
    wanted = (HERE / "peers.txt").read_text(encoding="utf-8")
    if _COMPLETE.exists() and _COMPLETE.read_text(encoding="utf-8") == wanted:
        return
    print("installing the peers into an environment of their own", file=sys.stderr)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    missing = [each for each in wanted.split() if not is_installed_now(each)]
    if missing:
        print(f"cannot be installed here: {', '.join(missing)}", file=sys.stderr)
    else:
        _COMPLETE.write_text(wanted, encoding="utf-8")


def is_installed_now(requirement: str) -> bool:
    """Install one; False where that fails."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--retries", "1", requirement]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def version_of(distribution: str) -> str | None:
    """Which version of a peer is installed; None if none is."""
    if not PYTHON.exists():
        return None
    command = [str(PYTHON), "-c", _INSTALLED, distribution]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or None
