"""Whether a contestant may use real-time priority: the one switch of its environment.

gatedrill takes that priority where it is permitted and does without it elsewhere. To see both on
one machine, a worker that is started with the switch off is refused by the call itself.
"""

import os

SWITCH = "GATEDRILL_BENCH_REALTIME"


def is_real_time_wanted() -> bool:
    """Whether it was started with the switch on."""
    return os.environ.get(SWITCH) == "1"


def is_real_time_permitted() -> bool:
    """Whether this user may have it at all; nothing is changed."""
    pid = os.fork()
    if pid == 0:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def refuse_real_time_unless_wanted() -> None:
    """From now on this process is refused, as an ordinary user is."""

    def refused(*_: object) -> None:
        raise PermissionError("switched off for this contestant")

    if not is_real_time_wanted():
        os.sched_setscheduler = refused
