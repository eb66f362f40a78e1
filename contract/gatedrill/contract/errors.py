"""Two kinds of failure: what the user can cure, and what a peer did.

The message is for a person: lowercase, what is wrong, where, and what is allowed or how to cure it.
The command line prints it in one line and ends with the class's exit code.
"""


class GatedrillError(Exception):
    """Base of every failure that gatedrill reports without a traceback."""

    exit_code = 2


class UsageError(GatedrillError):
    """The user asked for something that cannot be done as asked: wrong option, file, or target."""

    exit_code = 2


class PeerError(GatedrillError):
    """Somebody else failed us: broker or service unreachable, credentials refused, venue taken."""

    exit_code = 5
