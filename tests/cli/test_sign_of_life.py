"""Parts that are well say so again and again; those that are merely there do not."""

import os
from pathlib import Path

import pytest

from gatedrill.cli.sign_of_life import sign_of_life
from gatedrill.contract.errors import UsageError


def test_nobody_is_shown_anything_unless_he_asks() -> None:
    assert sign_of_life(None) is None


def test_each_beat_renews_the_file_and_none_is_left_of_an_earlier_start(tmp_path: Path) -> None:
    file = tmp_path / "run" / "alive"
    file.parent.mkdir()
    file.touch()
    beat = sign_of_life(file)
    assert beat is not None
    assert not file.exists()
    beat()
    os.utime(file, (0, 0))
    beat()
    assert file.stat().st_mtime > 0


def test_a_file_that_cannot_be_made_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"GATEDRILL_ALIVE_FILE: .* cannot be made"):
        sign_of_life(tmp_path / "file" / "alive")
