"""Folders of pictures, shown one after the other."""

from collections.abc import Sequence
from pathlib import Path

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.readers.camera import Frame

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
PICTURES_PER_S = 5.0


class PictureFolder:
    """A `Recording` of the pictures in a folder, in the order of their names."""

    interval_s = 1 / PICTURES_PER_S

    def __init__(self, folder: Path) -> None:
        """List them; UsageError if there is none. Later ones are not noticed."""
        self._left = iter(pictures_in(folder))

    def next_frame(self) -> Frame | None:
        """The next picture as it is in its file; PeerError if that cannot be read."""
        path = next(self._left, None)
        try:
            return None if path is None else path.read_bytes()
        except OSError as error:
            raise PeerError(f"picture {path}: it cannot be read ({error.strerror})") from error

    def close(self) -> None:
        """No file is open between two pictures."""


def pictures_in(folder: Path) -> Sequence[Path]:
    """The PNG and JPEG files in the folder itself, by name; UsageError if there is none."""
    try:
        found = sorted(each for each in folder.iterdir() if each.suffix.lower() in PICTURE_SUFFIXES)
    except OSError as error:
        raise UsageError(
            f"camera {folder}: the folder cannot be read ({error.strerror})"
        ) from error
    if not found:
        raise UsageError(f"camera {folder}: there is no PNG or JPEG picture in this folder")
    return found
