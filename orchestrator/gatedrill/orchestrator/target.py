"""The service under rehearsal: which one it is, and whether we may put load on it.

A load tool that points anywhere is a weapon: ticketing vendors forbid load on production. So a
target that is not this machine must be named twice.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from gatedrill.contract.errors import UsageError


def check_target(url: str, allowed_hosts: Collection[str]) -> str:
    """Return `url` without a trailing slash if it may be rehearsed against.

    Raises UsageError for anything but an http(s) URL whose host is loopback or in `allowed_hosts`.
    """
    if "@" in url:
        raise UsageError("a target URL holds no credentials: set SUPABASE_SERVICE_ROLE_KEY instead")
    host = _host(url)
    if not (_is_loopback(host) or host in allowed_hosts):
        raise UsageError(
            f"target host {host} is not this machine: if you may put load on it, "
            f"add --allow-target {host}, or {host} to GATEDRILL_ALLOW_TARGET"
        )
    return url.rstrip("/")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    except ValueError:  # a bracket that does not close, a port out of range
        pass
    raise UsageError(f"target {url!r} is no URL of a service: write http(s)://host[:port]")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
