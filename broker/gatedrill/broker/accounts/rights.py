"""What each account may say and hear; the only place where that is decided.

An account of its own speaks for the fleet of its name alone. The role `device` speaks for every
fleet that has none: where one gets an account, `device` loses its name, and what is said to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatedrill.broker.accounts.roles import Role
from gatedrill.contract.other_versions import (
    CONDUCTOR_OF_ANY_VERSION,
    PRESENCE_OF_ANY_VERSION,
)
from gatedrill.contract.topics import (
    ADMISSION,
    CLAIM,
    CONDUCTOR,
    GRANT,
    REGISTRAR,
    ROOT,
    TWIN,
)

HEALTH_TOPIC = "$SYS/broker/uptime"
"""What Mosquitto says of itself, from its first moment on and retained."""

_ANY_VERSION = ROOT.rpartition("/")[0] + "/+"
_ALL = f"{ROOT}/all/#"


class Access(StrEnum):
    """What a rule allows, in Mosquitto's words."""

    READ = "read"
    WRITE = "write"
    READ_WRITE = "readwrite"
    DENY = "deny"
    """Neither, whatever other rules say."""


@dataclass(frozen=True)
class Rule:
    """Access to the topics of a pattern."""

    access: Access
    pattern: str

    def __str__(self) -> str:
        return f"topic {self.access} {self.pattern}"


def rules_of_role(role: Role, named: Iterable[str]) -> list[Rule]:
    """What the role may do at a venue where the fleets `named` have accounts of their own."""
    match role:
        case Role.CONDUCTOR:
            return [*_CONDUCTOR, _WHO_CONDUCTS]
        case Role.REGISTRAR:
            return [*_REGISTRAR, _WHO_CONDUCTS]
        case Role.DEVICE:
            return [*_DEVICE, _WHO_CONDUCTS, *(rule for name in named for rule in _kept_for(name))]
        case Role.HEALTH:
            return [Rule(Access.READ, HEALTH_TOPIC)]


def rules_of_fleet(name: str) -> list[Rule]:
    """What the account of this fleet may do."""
    return [
        Rule(Access.WRITE, f"{ROOT}/up/{name}/#"),
        Rule(Access.READ_WRITE, PRESENCE_OF_ANY_VERSION.pattern(fleet=name)),
        Rule(Access.READ, PRESENCE_OF_ANY_VERSION.pattern()),  # no two devices have one name
        Rule(Access.READ, TWIN.pattern()),
        Rule(Access.READ, f"{ROOT}/down/{name}/#"),
        Rule(Access.READ, _ALL),
        Rule(Access.READ, GRANT.pattern(fleet=name)),
        Rule(Access.READ, REGISTRAR.pattern()),
        _WHO_CONDUCTS,
    ]


def _kept_for(name: str) -> list[Rule]:
    """What nobody but the account of this fleet, and those who lead it, has to do with."""
    return [
        Rule(Access.DENY, f"{_ANY_VERSION}/up/{name}/#"),
        Rule(Access.DENY, f"{_ANY_VERSION}/down/{name}/#"),
        Rule(Access.DENY, GRANT.pattern(fleet=name)),
    ]


_WHO_CONDUCTS = Rule(Access.READ, CONDUCTOR_OF_ANY_VERSION.pattern())
_CONDUCTOR = (
    Rule(Access.READ_WRITE, CONDUCTOR.pattern()),
    Rule(Access.WRITE, f"{ROOT}/down/#"),
    Rule(Access.WRITE, _ALL),
    Rule(Access.READ, f"{ROOT}/up/#"),
    Rule(Access.READ, PRESENCE_OF_ANY_VERSION.pattern()),
    Rule(Access.READ, REGISTRAR.pattern()),
)
_REGISTRAR = (
    Rule(Access.READ_WRITE, REGISTRAR.pattern()),
    Rule(Access.WRITE, GRANT.pattern()),
    Rule(Access.READ, CLAIM.pattern()),
    Rule(Access.READ, ADMISSION.pattern()),
)
_DEVICE = (
    Rule(Access.WRITE, f"{ROOT}/up/#"),
    Rule(Access.READ_WRITE, PRESENCE_OF_ANY_VERSION.pattern()),
    Rule(Access.READ, TWIN.pattern()),
    Rule(Access.READ, f"{ROOT}/down/#"),
    Rule(Access.READ, _ALL),
    Rule(Access.READ, GRANT.pattern()),
    Rule(Access.READ, REGISTRAR.pattern()),
)
