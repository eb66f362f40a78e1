"""`gatedrill drill`: lead staff at the gates through a rehearsal, ticket by ticket."""

from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import read_environment
from gatedrill.cli.logs import LogLevel, never_log, set_up_logging
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.scenario import Scenario

PREFIX = "drill-"
PRESENT_WITHIN = "120s"
"""Staff rehearse: nobody is hurried, and a ticket that is not found is told in the end."""
DEFAULT_SEED = 1
"""The tickets that were printed once stay good: a drill begins with a service that was reset."""


def drill(
    name: Annotated[
        str,
        typer.Argument(help="duplicate, vip or outage; or a .toml file with reactions of its own"),
    ],
    seed: Annotated[
        int, typer.Option(help="Decides the tickets; that of the printed ones")
    ] = DEFAULT_SEED,
    broker: options.BrokerUrl = None,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
    tickets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tickets that exist at the target (JSON)")
    ] = None,
    wait: options.Wait = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where drills keep their folders")
    ] = Path("drills"),
    vip_argument: options.VipArgumentName = options.VipArgument.P_PASS_ID,
    fault: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Plant a fault in the service, registrar or gates that this drill starts",
        ),
    ] = None,
    no_questions: Annotated[
        bool, typer.Option("--no-questions", help="Do not ask what staff do: only show and tell")
    ] = False,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
) -> int:
    """Lead staff through a rehearsal: which ticket at which gate, what they do, what is right.

    Without --broker, a small venue with emulated gates is started, which present the tickets
    themselves. Ends with a scorecard, and with the exit code that `gatedrill run` would have:
    what staff do does not change it.
    """
    from gatedrill.cli.console import open_console
    from gatedrill.cli.drill import Led, conduct_drill
    from gatedrill.cli.drill_onlooker import DrillOnlooker
    from gatedrill.cli.person_hands import PersonHands
    from gatedrill.cli.prompter import Prompter
    from gatedrill.cli.request import Sizes, make_request
    from gatedrill.cli.terminal_guide import TerminalGuide
    from gatedrill.cli.typed_lines import TypedLines, stdin_fd

    set_up_logging(log_level, as_json=log_json)
    environment = read_environment()
    never_log(environment.key)
    request = make_request(
        environment,
        scenarios=[scenario_of(name)],
        sizes=Sizes(),
        seed=seed,
        broker=broker,
        target=target,
        allowed_hosts=allow_target or (),
        tickets=tickets,
        decoder=None,
        vip_argument=vip_argument.value,
        store=None,
        fault=fault,
        out=out,
        present_within=PRESENT_WITHIN,
        wait=wait,
    )
    [scenario] = request.scenarios
    refuse_unguided(scenario, is_elsewhere=request.broker is not None)
    console = open_console()
    prompter = Prompter(console, TypedLines(stdin_fd()))
    guide = TerminalGuide(prompter, asks=not no_questions)
    prompter.say(f"{scenario.title}.", "bold")
    log_options = ["--log-level", str(log_level), *(["--log-json"] if log_json else [])]
    led = Led(DrillOnlooker(console), guide, PersonHands(prompter))
    return conduct_drill(request, log_options, led)


def scenario_of(name: str) -> str:
    """The scenario of a drill, by the name that people say; UsageError for one that there is not.

    A path is left as it is.
    """
    from gatedrill.fixtures.loader import shipped_scenarios

    drills = [each.name for each in shipped_scenarios() if each.name.startswith(PREFIX)]
    if name.endswith(".toml") or name in drills:
        return name
    if PREFIX + name not in drills:
        known = ", ".join(each.removeprefix(PREFIX) for each in drills)
        raise UsageError(
            f"unknown drill {name!r}: known are {known}, or give the path of a .toml file"
        )
    return PREFIX + name


def refuse_unguided(scenario: Scenario, *, is_elsewhere: bool) -> None:
    """UsageError for a scenario that asks people nothing, or more than they can do elsewhere."""
    from gatedrill.cli.person_hands import beyond_people

    if not scenario.is_guided:
        raise UsageError(
            f"scenario {scenario.name} asks staff nothing: give a burst a reaction, "
            "or rehearse it with gatedrill run"
        )
    problems = list(beyond_people(scenario)) if is_elsewhere else []
    if problems:
        raise UsageError("\n".join(f"{scenario.name}: {problem}" for problem in problems))
