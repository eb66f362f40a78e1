"""What libraries would do as they are loaded, that is of no use here and that every start pays."""

import os
import sys


def keep_libraries_lean() -> None:
    """Call before numpy or httpx is imported.

    numpy's threads spin for a while when they have nothing to do; nothing here multiplies matrices.
    httpx loads a command line of its own where rich and click are there: half of its import. It
    does without if that cannot be imported, which is what None says.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
