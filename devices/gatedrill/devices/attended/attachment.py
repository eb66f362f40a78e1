"""How real hardware is put into a fleet: whoever starts it says what is attached."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, tzinfo
from typing import NamedTuple

from gatedrill.contract.clock import Clock
from gatedrill.devices.feedback.cue import Feedback
from gatedrill.devices.readers.reader import Reader


class Attached(NamedTuple):
    """A gate's reader, where it shows what it has to tell, and the time zone it stands in."""

    reader: Reader
    feedback: Feedback
    zone: tzinfo = UTC


Attach = Callable[[Clock, Executor], Attached]
"""Makes them, not yet open: the clock that stamps what is read, and threads to decode in."""
