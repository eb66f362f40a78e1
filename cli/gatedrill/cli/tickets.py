"""`gatedrill tickets`: a scenario's tickets to be printed, and the key that tells what each is."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatedrill.cli.console import open_console
from gatedrill.cli.environment import read_environment
from gatedrill.cli.extras import extra_needed
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.scenario import MAX_DEVICES

if TYPE_CHECKING:
    from gatedrill.fixtures.practice.files import PictureFormat
    from gatedrill.fixtures.practice.key import Key

DEFAULT_SCENARIO = "mixed-rush"
FORMATS: tuple["PictureFormat", ...] = ("png", "svg")


def tickets(
    scenario: Annotated[
        str, typer.Argument(help="Name (see `gatedrill scenarios`) or .toml file")
    ] = DEFAULT_SCENARIO,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the files go: new, empty, or an older set's")
    ] = Path("tickets"),
    seed: Annotated[
        int | None,
        typer.Option(help="Decides tickets and their order; drawn if not given, 1 for a drill"),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--tickets", metavar="FILE", help="Tickets that exist at the target (JSON)"),
    ] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, max=MAX_DEVICES, help="Devices taking part")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="Rounds of bursts")] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Print the first so many tickets of each stream")
    ] = 24,
    formats: Annotated[
        str, typer.Option("--format", metavar="NAMES", help="Pictures beside the PDF: png, svg")
    ] = ",".join(FORMATS),
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Say below each printed ticket what it is")
    ] = False,
) -> None:
    """Print a scenario's tickets for people at real scanners, and the key that tells what each is.

    Seed and sizes decide everything: the codes are those that `gatedrill run` presents.
    """
    with extra_needed("print"):
        from gatedrill.fixtures.practice.files import make_files
    from gatedrill.cli.ticket_order import TicketOrder
    from gatedrill.fixtures.practice.folder import check_folder, write_folder
    from gatedrill.fixtures.practice.key import Key, make_entries
    from gatedrill.fixtures.practice.prints import check_prints, make_prints

    pictures = parse_formats(formats)
    environment = read_environment()
    order = TicketOrder(scenario, _seed(seed, scenario), limit, devices, rounds, file)
    replaced = check_folder(out)
    plan = order.plan(environment)
    name = plan.scenario.name
    prints = make_prints(plan.tickets, order.showings(plan), seed=order.seed, scenario=name)
    check_prints(prints, name)
    key = Key(
        scenario=name,
        title=plan.scenario.title,
        seed=order.seed,
        run=order.next_command(environment),
        tickets=make_entries(prints),
    )
    write_folder(out, make_files(key, pictures, foot=order.foot(name), reveal=reveal))
    _tell(key, out, replaced, order.left_out(plan))


def _seed(wanted: int | None, scenario: str) -> int:
    """The one that is wanted, or that `gatedrill drill` has by itself, or else any."""
    from gatedrill.cli.guided_drill import DEFAULT_SEED
    from gatedrill.cli.request import find_contradictions
    from gatedrill.fixtures.loader import load_scenario

    if wanted is not None:
        return wanted
    is_guided = load_scenario(scenario, find_contradictions).is_guided
    return DEFAULT_SEED if is_guided else random.SystemRandom().getrandbits(32)


def parse_formats(written: str) -> list["PictureFormat"]:
    """The formats in a list like `png,svg`; UsageError for one that there is not."""
    names = [name.strip().lower() for name in written.split(",")]
    for name in names:
        if name not in FORMATS:
            raise UsageError(
                f"--format {written}: {name!r} is none; choose of {', '.join(FORMATS)} "
                "(the PDF is always made)"
            )
    return [kind for kind in FORMATS if kind in names]


def _tell(key: "Key", out: Path, replaced: "Key | None", left_out: int) -> None:
    """Say what was made, and what to do with it."""
    from gatedrill.fixtures.practice.folder import KEY_PAGE, SHEET

    console = open_console()

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False, highlight=False)

    say(f"{len(key.tickets)} tickets of {key.scenario}, seed {key.seed}: print {out / SHEET}")
    say(f"what each is, for whoever conducts the practice: {out / KEY_PAGE}")
    if replaced is not None:
        say(f"they replace those of {replaced.scenario}, seed {replaced.seed}")
    if left_out:
        say(f"{left_out} further tickets of streams are not printed: --limit N prints more of them")
    say(f"next: {key.run}")
