"""The contestants that need nothing but the project do what they are told."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.simultaneity import peers
from benchmarks.simultaneity.lockstep import conduct, divided, tell
from benchmarks.simultaneity.priority import SWITCH, refuse_real_time_unless_wanted
from benchmarks.simultaneity.roster import MODULES, Contestant, roster
from benchmarks.simultaneity.service import Service
from benchmarks.simultaneity.task import Task
from benchmarks.simultaneity.throughput import STREAMERS, Streamer, stream
from benchmarks.simultaneity.visit import VisitFailed, run, visit


def contestant(name: str) -> Contestant:
    """Of two cores."""
    return next(each for each in roster(2) if each.name == name)


@pytest.mark.parametrize("name", ["raw-1", "raw-2", "ours-1", "ours-2"])
def test_all_requests_of_a_burst_arrive(service: Service, name: str) -> None:
    assert len(visit(contestant(name), service, lanes=5, rounds=2)) == 2


@pytest.mark.parametrize("name", [each.name for each in roster(2) if each.peer])
def test_a_peer_that_is_installed_does_what_it_is_told(service: Service, name: str) -> None:
    peer = contestant(name)
    assert peer.peer is not None
    require_peer(peer.peer)
    assert len(visit(peer, service, lanes=5, rounds=1)) == 1


def require_peer(peer: str) -> None:
    """Skip without it: peers are no service that a test run promises to have."""
    if peers.version_of(peer) is None:
        pytest.skip(f"needs {peer}, which the benchmark installs")


def test_peers_that_cannot_be_installed_are_named_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(peers, "PYTHON", python)
    monkeypatch.setattr(peers, "_COMPLETE", tmp_path / "complete.txt")
    for _ in range(2):
        peers.install()
        told = capfd.readouterr().err
        assert "cannot be installed here" in told
        assert "k6==" in told
    assert peers.version_of("k6") is None


@pytest.mark.parametrize("worker", ["raw", "ours"])
def test_no_request_is_complete_before_its_instant(
    service: Service, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instants_ns = []

    def tell_and_remember(process: subprocess.Popen[str], at_ns: int) -> None:
        instants_ns.append(at_ns)
        tell(process, at_ns)

    monkeypatch.setenv(SWITCH, "0")
    monkeypatch.setattr("benchmarks.simultaneity.lockstep.tell", tell_and_remember)
    tasks = divided(Task(service.url, lanes=4, rounds=1, pause_s=0), processes=2)
    epoch_ns = time.time_ns() - time.monotonic_ns()
    assert conduct(f"{MODULES}.{worker}", tasks) == 0
    assert len(instants_ns) == 2
    assert len(set(instants_ns)) == 1
    step_ns = 1_000_000  # should the wall clock be corrected meanwhile
    assert service.arrivals_ns()[0] >= instants_ns[0] + epoch_ns - step_ns


def test_a_worker_that_fails_is_no_success(service: Service) -> None:
    tasks = divided(Task("http://127.0.0.1:1", lanes=2, rounds=1, pause_s=0), processes=2)
    assert conduct(f"{MODULES}.raw", tasks) != 0


def test_with_the_switch_off_a_contestant_is_refused_real_time_priority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda *what: asked.append(what))
    monkeypatch.setenv(SWITCH, "1")
    refuse_real_time_unless_wanted()
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    assert len(asked) == 1
    monkeypatch.setenv(SWITCH, "0")
    refuse_real_time_unless_wanted()
    with pytest.raises(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def test_lanes_are_divided_as_equally_as_can_be() -> None:
    task = Task("http://127.0.0.1:1", 5, 3, 0.1)
    assert [each.lanes for each in divided(task, 2)] == [3, 2]
    assert [each.lanes for each in divided(task._replace(lanes=1), 2)] == [1]


def test_a_contestant_that_fails_is_quoted() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the reason')"]
    with pytest.raises(VisitFailed, match="ended with 1: the reason"):
        run(command, dict(os.environ))


def test_a_contestant_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.simultaneity.visit._TIMEOUT_S", 0.1)
    with pytest.raises(VisitFailed, match=r"not done after 0\.1 s"):
        run([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ))


@pytest.mark.parametrize("streamer", [each for each in STREAMERS if each.peer is None])
def test_a_stream_arrives_and_its_costs_are_told(service: Service, streamer: Streamer) -> None:
    told = stream(streamer, service, 2, 0.5)
    assert told.costs.scans == len(service.arrivals_ns()) > 0
    assert told.costs.cpu_s > 0
    assert told.costs.loop_cpu_s is not None
    assert told.costs.loop_cpu_s <= told.costs.cpu_s
