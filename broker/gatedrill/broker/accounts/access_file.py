"""The file by which Mosquitto knows who may do what (its `acl_file`)."""

from collections.abc import Collection, Iterable

from gatedrill.broker.accounts.rights import Rule, rules_of_fleet, rules_of_role
from gatedrill.broker.accounts.roles import Role

_HEAD = """\
# Made by gatedrill from its own rules and the users in the password file, and made anew whenever
# either changes: what is written here by hand does not stay.
"""


def access_text(named: Collection[str]) -> str:
    """The file for a venue where the fleets `named` have accounts of their own."""
    fleets = sorted(named)
    sections = [
        *(_section(role, rules_of_role(role, fleets)) for role in Role),
        *(_section(fleet, rules_of_fleet(fleet)) for fleet in fleets),
    ]
    return "\n".join([_HEAD, *sections])


def _section(user: str, rules: Iterable[Rule]) -> str:
    return "".join(f"{line}\n" for line in (f"user {user}", *rules))
