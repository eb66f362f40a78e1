"""Listening on this machine's own address, for what has no passwords."""

import errno
import ipaddress
import socket

from gatedrill.contract.errors import UsageError


def check_loopback(host: str, why: str) -> None:
    """Raise UsageError, with the reason why, unless `host` is this machine's loopback address."""
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise UsageError(f"host {host!r} is not this machine's loopback address: {why}")


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; UsageError if the port is taken or cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise port_taken(host, port) from None
        raise UsageError(f"cannot listen on port {port} of {host}: {error.strerror}") from None
    return listener


def port_taken(host: str, port: int) -> UsageError:
    """Somebody else listens there."""
    return UsageError(
        f"port {port} on {host} is taken: choose another with --port, or 0 for a free one"
    )
