"""Parts that need packages which not every installation has."""

from collections.abc import Iterator
from contextlib import contextmanager

from gatedrill.contract.errors import UsageError


@contextmanager
def extra_needed(extra: str) -> Iterator[None]:
    """Import within it what needs `extra`; UsageError tells how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gatedrill"):
            raise
        raise UsageError(
            f"this needs the package {error.name}: pip install 'gatedrill[{extra}]'"
        ) from error
