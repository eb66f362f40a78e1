"""A device can write nothing more: its disk is full, as far as it can tell."""

import sys

from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.contract.errors import PeerError
from gatedrill.orchestrator.plan import PlannedFault


class DiskFull:
    """Implements `VenueFault`: the kernel lets the process's files grow no more.

    A limit on the size of files, set from outside on the living process: every write beyond its
    first bytes fails as on a full disk, and nobody else notices. Linux alone can.
    """

    async def begin(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Let none of their files grow."""
        for name in fault.devices:
            _limit(parts.device(name).child.pid, full=True)

    async def end(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Let them grow again."""
        for name in fault.devices:
            _limit(parts.device(name).child.pid, full=False)


def _limit(pid: int, *, full: bool) -> None:
    if not sys.platform.startswith("linux"):
        raise PeerError("the fault disk-full needs Linux: no other system limits another process")
    import resource

    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0 if full else hard, hard))
