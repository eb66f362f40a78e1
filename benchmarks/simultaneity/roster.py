"""Who competes, and how each is started."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from benchmarks.simultaneity import peers
from benchmarks.simultaneity.places import CONTESTANTS
from benchmarks.simultaneity.priority import SWITCH
from benchmarks.simultaneity.task import HEADERS, PATH, Task, body

MODULES = "benchmarks.simultaneity.contestants"


class Camp(StrEnum):
    """Whose figures they are."""

    LIMIT = "limit"
    OURS = "ours"
    PEER = "peer"


class Contestant(NamedTuple):
    """One row of the table; `peer` is the distribution that must be installed for it."""

    name: str
    title: str
    camp: Camp
    command: Callable[[Task], list[str]]
    variables: Callable[[Task], Mapping[str, str]] = lambda _: {}
    peer: str | None = None
    largest: int | None = None


def roster(cores: int) -> list[Contestant]:
    """All of them, in the order of the table."""
    return [
        *in_processes("raw", "raw sockets", Camp.LIMIT, cores),
        *in_processes("ours", "gatedrill", Camp.OURS, cores),
        # With sniffio beside it: where that is missing, httpx looks for it in vain each time.
        plain("httpx_clients", "httpx, a client a device", peer="httpx"),
        # It takes minutes for a thousand, and is no contest for a hundred.
        plain("httpx_shared", "httpx, one shared client", peer="httpx")._replace(largest=100),
        plain("aiohttp_gather", "aiohttp, one session", peer="aiohttp"),
        k6("k6_batch", "k6, http.batch"),
        k6("k6_users", "k6, a virtual user a device"),
        plain("locust_barrier", "Locust, a barrier", peer="locust"),
    ]


def in_processes(module: str, title: str, camp: Camp, cores: int) -> Iterator[Contestant]:
    """In one process and in one a core, with and without real-time priority."""
    for processes in sorted({1, cores}):
        for suffix, words, switch in (("", "", "0"), ("-realtime", ", real-time", "1")):
            yield Contestant(
                f"{module}-{processes}{suffix}",
                f"{title}, {counted(processes)}{words}",
                camp,
                lockstep(module, processes),
                always({SWITCH: switch}),
            )


def lockstep(module: str, processes: int) -> Callable[[Task], list[str]]:
    """The command for workers that are released together."""
    command = [sys.executable, "-m", "benchmarks.simultaneity.lockstep", str(processes)]
    return lambda task: [*command, f"{MODULES}.{module}", *task.arguments()]


def plain(module: str, title: str, peer: str) -> Contestant:
    """A module that does everything by itself, in the peers' environment."""
    command = [str(peers.PYTHON), "-m", f"{MODULES}.{module}"]
    return Contestant(
        module, title, Camp.PEER, lambda task: [*command, *task.arguments()], peer=peer
    )


def k6(script: str, title: str) -> Contestant:
    """A script of k6, which takes its task from the environment."""
    flags = ["--quiet", "--no-summary", "--no-usage-report"]
    command = [str(peers.K6), "run", *flags, str(CONTESTANTS / f"{script}.js")]
    return Contestant(script, title, Camp.PEER, lambda _: command, k6_variables, peer="k6")


def k6_variables(task: Task) -> Mapping[str, str]:
    """The task as k6's scripts read it."""
    return {
        "URL": task.url,
        "LANES": str(task.lanes),
        "ROUNDS": str(task.rounds),
        "PAUSE_S": str(task.pause_s),
        "SCAN_PATH": PATH,
        "HEADERS": json.dumps(HEADERS),
        "BODY": body().decode(),
    }


def always(variables: Mapping[str, str]) -> Callable[[Task], Mapping[str, str]]:
    """The same variables for any task."""
    return lambda _: variables


def counted(processes: int) -> str:
    """As in "2 processes"."""
    return "1 process" if processes == 1 else f"{processes} processes"


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))
