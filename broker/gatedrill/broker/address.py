"""Where the broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://` over TLS.

`mqtts://…?ca=FILE` trusts the certificates that are signed with the one in FILE, and no others.
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from gatedrill.contract.errors import UsageError

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "use mqtt://[user:password@]host[:port], or mqtts:// for TLS"
_CA = "ca"


@dataclass(frozen=True)
class BrokerAddress:
    """A broker and the credentials for it; as text it shows neither user nor password.

    `ca` is the file of the one certificate authority to trust; None trusts those of the system.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Read a broker URL; UsageError tells what is wrong without repeating any of it.

        User and password may be percent-encoded, and must be where they contain `@`, `:` or `/`.
        """
        parts = _split(url)
        return cls(
            host=_host(parts),
            port=_port(parts),
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ca=_ca(parts),
        )


def complete(
    url: str, *, username: str | None = None, password: str | None = None, ca: str | None = None
) -> str:
    """The URL with these credentials and this CA, as far as it does not bring its own.

    Raises UsageError for a URL that is malformed, and for a CA where nothing is encrypted: who
    gives one does not mean to send a password in clear text.
    """
    parts = _split(url)
    if ca is not None and parts.scheme != "mqtts":
        raise UsageError("a ca was given for the broker, but its url does not begin with mqtts://")
    if username is not None and not parts.username:
        secret = "" if password is None else f":{quote(password, safe='')}"
        host = parts.netloc.rpartition("@")[2]
        parts = parts._replace(netloc=f"{quote(username, safe='')}{secret}@{host}")
    if ca is not None and _ca(parts) is None:
        parts = parts._replace(query=f"{_CA}={quote(ca)}")
    return parts.geturl()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _malformed("it cannot be read as a url") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise _malformed("it does not begin with mqtt:// or mqtts://")
    if parts.path not in ("", "/") or parts.fragment or (parts.query and _ca(parts) is None):
        raise _malformed("something follows the host and port")
    if parts.password and not parts.username:
        raise _malformed("it has a password but no user")
    return parts


def _host(parts: SplitResult) -> str:
    if not parts.hostname or any(letter.isspace() for letter in parts.hostname):
        raise _malformed("it has no host")
    return parts.hostname


def _port(parts: SplitResult) -> int:
    try:
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _malformed("its port is not a number from 1 to 65535")
    return port


def _ca(parts: SplitResult) -> str | None:
    """The file that the URL names, if it names nothing else."""
    given = parse_qsl(parts.query)
    is_ca = parts.scheme == "mqtts" and [name for name, _ in given] == [_CA]
    return given[0][1] if is_ca else None


def _malformed(why: str) -> UsageError:
    return UsageError(f"the broker url is not allowed: {why}; {_FORM}")
