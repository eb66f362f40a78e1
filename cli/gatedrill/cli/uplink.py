"""`gatedrill uplink`: the proxy between the devices and the service, on which faults are real."""

import asyncio
from collections.abc import Callable

from gatedrill.cli import options
from gatedrill.cli.environment import TARGET, UPLINK_KEY, read_environment
from gatedrill.cli.logs import LogLevel, never_log, set_up_logging
from gatedrill.cli.parts import allow_many_files, required
from gatedrill.cli.service_process import serve_until_stopped
from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.target import check_target


def uplink(
    port: options.Port = 8888,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
    supervised: options.Supervised = None,
) -> None:
    """Start the proxy that leads devices to the service, and that can be told to fail."""
    from gatedrill.broker.uplink.serve import serve

    set_up_logging(log_level, as_json=log_json, run=supervised)
    environment = read_environment()
    leads_to = check_target(
        required(target or environment.target, "--target", TARGET), allow_target or ()
    )
    key = environment.uplink_key
    if key is None:
        raise UsageError(
            f"the uplink's key is missing: set {UPLINK_KEY} (it is no option on purpose)"
        )
    never_log(key)
    allow_many_files()

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        def uplink_ready(url: str) -> None:
            ready(url, f"uplink to {leads_to}")

        await serve(target=leads_to, key=key, port=port, ready=uplink_ready, stop=stop)

    serve_until_stopped(run, supervised=supervised is not None)
