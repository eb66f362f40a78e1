"""Options that several commands share."""

from enum import StrEnum
from typing import Annotated

import typer

from gatedrill.cli import environment
from gatedrill.cli.logs import LogLevel

BrokerUrl = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="URL",
        help=f"Broker of the venue, mqtt://host[:port]. Environment: {environment.BROKER}; its "
        f"account comes from {environment.BROKER_USER} and {environment.BROKER_PASSWORD}",
        show_default=False,
    ),
]
TargetUrl = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="URL",
        help="The check-in service. "
        f"Environment: {environment.TARGET}; its key comes from {environment.KEY} alone",
        show_default=False,
    ),
]
AllowTarget = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-target",
        metavar="HOST",
        help="A host other than this machine that you may put load on. Repeatable. "
        f"Environment: {environment.ALLOW_TARGET}, separated by spaces",
        show_default=False,
        envvar=environment.ALLOW_TARGET,
        show_envvar=False,
    ),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="TIME",
        help="How long to wait for the devices of a venue that is there already; as the scenario "
        "says, and 15s if it does not",
        show_default=False,
    ),
]
UplinkUrl = Annotated[
    str | None,
    typer.Option(
        "--uplink",
        metavar="URL",
        help="The uplink that leads the devices to the service, http://host:port. "
        f"Environment: {environment.UPLINK}",
        show_default=False,
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="PostgreSQL for the reference service's records, postgresql://user@host/database. "
        f"Environment: {environment.STORE}, which may carry a password",
        show_default=False,
    ),
]


class VipArgument(StrEnum):
    """What the service's VIP function wants to be told of a pass."""

    P_PASS_ID = "p_pass_id"  # noqa: S105 - no secret, a name
    P_QR_TOKEN = "p_qr_token"  # noqa: S105 - no secret, a name


VipArgumentName = Annotated[
    VipArgument,
    typer.Option("--vip-argument", help="What the service's VIP function is told of a pass"),
]
Decoder = Annotated[
    str, typer.Option("--decoder", metavar="NAME", help="What reads camera frames: zxing or zbar")
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one")]
Level = Annotated[LogLevel, typer.Option("--log-level", help="What is logged to stderr")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Log as JSON lines")]
Supervised = Annotated[str | None, typer.Option("--supervised", metavar="RUN", hidden=True)]
