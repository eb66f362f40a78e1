"""How `mosquitto_sub` asks whether the broker serves: in a file, so that no process list tells it.

It reads the options in `$XDG_CONFIG_HOME/mosquitto_sub`, one a line, and ends with 0 when it was
let in and has received one message.
"""

import re

from gatedrill.broker.accounts.rights import HEALTH_TOPIC
from gatedrill.broker.accounts.roles import Role
from gatedrill.contract.errors import UsageError

HEALTH_OPTIONS = "mosquitto_sub"
_PATIENCE_S = 3


def health_options(password: str) -> str:
    """The file for the account `health` with this password."""
    return f"-u {Role.HEALTH}\n-P {password}\n-t {HEALTH_TOPIC}\n-C 1\n-W {_PATIENCE_S}\n"


def password_in(options: str) -> str:
    """The password in such a file; UsageError if there is none."""
    found = re.search(r"(?m)^-P (\S+)$", options)
    if found is None:
        raise UsageError(f"{HEALTH_OPTIONS}: has no password (-P): remove it, and it is made anew")
    return found[1]
