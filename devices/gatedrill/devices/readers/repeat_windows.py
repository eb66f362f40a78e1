"""How long the same symbol must be out of view to count as a new scan, unless one says else."""

from typing import Final

CAMERA_S: Final = 1.0
SCANNER_S: Final = 0.5
