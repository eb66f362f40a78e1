"""The command line in a test's own process, where starting another would only cost time."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from command import Ended, environment

from gatedrill.cli.exits import run_to_exit
from gatedrill.cli.logs import CHATTY
from gatedrill.cli.main import _invoke


class OwnCommandLine:
    """Calls commands and remembers what the last one wrote."""

    def __init__(self, patched: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patched = patched
        self._captured = captured
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        """Carry the command out; its exit code."""
        self._patched.setattr(sys, "argv", ["gatedrill", *arguments])
        code = run_to_exit(_invoke)
        self.out, self.err = self._captured.readouterr()
        return code

    def ended(self, *arguments: str, cwd: Path | None = None, **variables: str) -> Ended:
        """Carry it out as `command.gatedrill` would: in this folder, and told these variables."""
        told = environment(**variables)
        with _logging_as_it_was(), chdir(cwd or "."), patch.dict(os.environ, told, clear=True):
            code = self(*arguments)
        assert "Traceback" not in self.err, self.err
        return Ended(code, self.out, self.err)


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Commands say for their whole process what is logged, and where to."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    loggers = [root, *(logging.getLogger(name) for name in CHATTY)]
    levels = [logger.level for logger in loggers]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        logging.captureWarnings(capture=False)
