"""The accounts that every venue has, and the names of those that it is given besides."""

from enum import StrEnum

from gatedrill.contract.errors import UsageError
from gatedrill.contract.topics import check_name


class Role(StrEnum):
    """An account by what its holder does; the value is the user at the broker."""

    CONDUCTOR = "conductor"
    """Whoever rehearses, and asks who is here."""
    REGISTRAR = "registrar"
    """The registrar."""
    DEVICE = "device"
    """Every fleet that has no account of its own: the emulated gates share this one."""
    HEALTH = "health"
    """Whoever looks whether the broker serves; it sees nothing of the venue."""


def check_account_name(name: str) -> str:
    """Return `name` if a fleet's own account may have it, else raise UsageError."""
    if name in set(Role):
        raise UsageError(f"{name} is the account of a role: a fleet's account has the fleet's name")
    return check_name(name, "account")
