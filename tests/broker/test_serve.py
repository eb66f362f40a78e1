import asyncio
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from broker_process import KINDS
from services import require

from gatedrill.broker import mosquitto
from gatedrill.broker import serve as serve_module
from gatedrill.broker.bus import Bus
from gatedrill.broker.mosquitto import PortTakenError, find_mosquitto
from gatedrill.broker.serve import BrokerKind, BrokerReady, serve
from gatedrill.contract.errors import PeerError, UsageError


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> BrokerKind:
    chosen: BrokerKind = request.param
    if chosen == "mosquitto":
        require(find_mosquitto() is not None, "the program mosquitto")
    return chosen


@asynccontextmanager
async def serving(
    kind: BrokerKind, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[BrokerReady]:
    """Serve in this loop while the body runs; a failure of the broker is raised at its end."""
    stop = asyncio.Event()
    is_ready: asyncio.Future[BrokerReady] = asyncio.get_running_loop().create_future()
    broker = asyncio.create_task(
        serve(host=host, port=port, kind=kind, ready=is_ready.set_result, stop=stop)
    )
    broker.add_done_callback(lambda _: is_ready.cancel())
    try:
        yield await is_ready
    finally:
        stop.set()
        await broker


async def fail_to_serve(
    kind: BrokerKind = "embedded", *, host: str = "127.0.0.1", port: int = 0
) -> None:
    def ready(broker: BrokerReady) -> None:
        pytest.fail(f"{broker} was served")

    await serve(host=host, port=port, kind=kind, ready=ready, stop=asyncio.Event())


async def test_a_broker_is_ready_on_a_free_port_and_names_itself_with_its_version(
    kind: BrokerKind,
) -> None:
    async with serving(kind) as ready:
        assert ready.url.startswith("mqtt://127.0.0.1:")
        assert ready.kind.startswith(
            {"mosquitto": "mosquitto 2", "embedded": "embedded (amqtt 0"}[kind]
        )
        async with Bus(ready.url, "client"):
            pass


async def test_an_ipv6_loopback_is_served(kind: BrokerKind) -> None:
    async with serving(kind, host="::1") as ready:
        assert ready.url.startswith("mqtt://[::1]:")
        async with Bus(ready.url, "client"):
            pass


async def test_the_asked_port_is_served_and_free_again_afterwards(
    kind: BrokerKind, unused_tcp_port: int
) -> None:
    for _ in range(2):
        async with serving(kind, port=unused_tcp_port) as ready:
            assert ready.url == f"mqtt://127.0.0.1:{unused_tcp_port}"


async def test_a_taken_port_is_told_with_its_cure(kind: BrokerKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError) as failure:
            await fail_to_serve(kind, port=port)
    assert str(failure.value) == (
        f"port {port} on 127.0.0.1 is taken: choose another with --port, or 0 for a free one"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "broker.example", ""])
async def test_a_host_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        await fail_to_serve(host=host)


async def test_auto_takes_mosquitto_where_there_is_one_and_else_the_embedded_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    async with serving("auto") as ready:
        assert ready.kind.startswith("mosquitto")
    monkeypatch.setattr(serve_module, "find_mosquitto", lambda: None)
    async with serving("auto") as ready:
        assert ready.kind.startswith("embedded")


async def test_asking_for_mosquitto_without_one_is_the_users_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mosquitto, "find_mosquitto", lambda: None)
    with pytest.raises(UsageError, match="install"):
        await fail_to_serve("mosquitto")


async def test_without_amqtt_the_user_is_told_which_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "amqtt.broker", None)
    monkeypatch.delitem(sys.modules, "gatedrill.broker.embedded", raising=False)
    with pytest.raises(UsageError, match=r"install gatedrill\[embedded-broker\]"):
        await fail_to_serve("embedded")


async def test_a_free_port_lost_to_somebody_quicker_is_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    start = mosquitto.mosquitto_broker
    lost: list[int] = []

    @asynccontextmanager
    async def slow_to_bind(host: str, port: int) -> AsyncIterator[mosquitto.Mosquitto]:
        if len(lost) == 2:
            async with start(host, port) as running:
                yield running
            return
        lost.append(port)
        with socket.create_server((host, port)):
            async with start(host, port) as running:
                yield running

    monkeypatch.setattr(serve_module, "mosquitto_broker", slow_to_bind)
    async with serving("mosquitto") as ready:
        assert int(ready.url.rpartition(":")[2]) not in lost
    assert len(lost) == 2


async def test_mosquitto_on_a_taken_port_says_so_by_its_own_error() -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTakenError):
        async with mosquitto.mosquitto_broker("127.0.0.1", other.getsockname()[1]):
            pass


async def test_a_mosquitto_that_dies_is_reported_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    children = catch_children(monkeypatch)

    async def serve_until_it_dies() -> None:
        async with serving("mosquitto"):
            children[0].kill()
            await children[0].wait()

    with pytest.raises(PeerError, match=r"mosquitto ended with status -9: .*running"):
        await serve_until_it_dies()


async def test_a_mosquitto_that_refuses_its_configuration_is_reported_with_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    monkeypatch.setattr(mosquitto, "_CONFIGURATION", "no_such_option {host} {port}\n")
    with pytest.raises(PeerError, match=r"mosquitto did not start: .*no_such_option"):
        await fail_to_serve("mosquitto")


def catch_children(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Every process that is started from now on."""
    children: list[asyncio.subprocess.Process] = []
    start: Callable[..., object] = asyncio.create_subprocess_exec

    async def start_and_note(*command: str, **options: object) -> asyncio.subprocess.Process:
        child: asyncio.subprocess.Process = await start(*command, **options)  # type: ignore[misc]
        children.append(child)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_note)
    return children


async def test_a_mosquitto_that_ignores_being_asked_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    monkeypatch.setattr(mosquitto, "_STOP_S", 0.2)
    children = catch_children(monkeypatch)
    async with serving("mosquitto"):
        children[0].send_signal(signal.SIGSTOP)
    assert children[0].returncode == -signal.SIGKILL


async def test_a_mosquitto_that_cannot_be_run_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "mosquitto"
    broken.write_bytes(b"no program")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=f"^{broken} cannot be run: Exec format error; mend it"):
        async with serving("auto"):
            pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ties child to parent")
def test_mosquitto_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    require(find_mosquitto() is not None, "the program mosquitto")
    parent = """
import asyncio, sys
from gatedrill.broker.mosquitto import mosquitto_broker
async def main():
    async with mosquitto_broker("127.0.0.1", int(sys.argv[1])) as mosquitto:
        print(mosquitto._process.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-c", parent, port]
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # it cannot tidy up after itself
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        child = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    try:
        assert select.select([child], [], [], 10)[0] == [child]
    finally:
        os.close(child)


async def test_the_embedded_broker_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving("embedded") as ready, Bus(ready.url, "client"):
        pass
    assert [
        r.getMessage() for r in caplog.records if r.name.startswith(("amqtt", "transitions"))
    ] == []
