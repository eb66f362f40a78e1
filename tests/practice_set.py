"""Sets of printed tickets for tests, made as the command makes them."""

from functools import cache

from gatedrill.cli.environment import read_environment
from gatedrill.cli.ticket_order import TicketOrder
from gatedrill.fixtures.practice.files import make_files
from gatedrill.fixtures.practice.key import Key, make_entries
from gatedrill.fixtures.practice.prints import Print, make_prints

SEED = 7


@cache
def make_set(scenario: str) -> tuple[list[Print], Key]:
    """The prints of a shipped scenario, and their key."""
    order = TicketOrder(scenario, SEED, limit=24)
    plan = order.plan(read_environment({}))
    prints = make_prints(plan.tickets, order.showings(plan), seed=SEED, scenario=scenario)
    title, run = plan.scenario.title, order.next_command(read_environment({}))
    entries = make_entries(prints)
    return prints, Key(scenario=scenario, title=title, seed=SEED, run=run, tickets=entries)


@cache
def files_of(scenario: str, *, reveal: bool = False) -> dict[str, bytes]:
    """The files of that set; one that is revealed has no pictures beside its sheet."""
    _, key = make_set(scenario)
    return make_files(
        key, () if reveal else ("png", "svg"), foot=f"{scenario}, seed {SEED}", reveal=reveal
    )
