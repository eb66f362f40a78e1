"""The files of a venue's certificates.

A CA is made once and kept; with it the broker's certificate is signed, as often as names change or
time runs out. Clients trust the CA alone, so they need no other file when the broker's changes.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatedrill.broker.accounts.files import alone_in, read_if_there, write_whole
from gatedrill.broker.certificates.signing import Signed, make_authority, make_server
from gatedrill.contract.errors import UsageError

CA_FILE, CA_KEY = "ca.pem", "ca.key"
SERVER_FILE, SERVER_KEY = "server.pem", "server.key"

ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
"""So that whoever looks after the broker beside it, too, can tell it by its certificate."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")

RENEWED_BEFORE = timedelta(days=90)
"""A broker's certificate that lasts longer than this is kept by `keep_certificates`."""


class Certificates(NamedTuple):
    """Until when the CA and the broker's certificate last; whether the CA was made just now."""

    ca_until: datetime
    server_until: datetime
    is_new_ca: bool


def make_certificates(folder: Path, names: Sequence[str], now: datetime) -> Certificates:
    """Make a certificate for a broker that is reached by these host names and addresses.

    The CA in `folder` signs it, and is made if there is none. Raises UsageError for a name that no
    host can have, for a CA that is of no use any more, and for what cannot be read or written.
    """
    alternatives = _alternatives("--name", names)
    try:
        folder.mkdir(0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from error
    with alone_in(folder):
        authority, is_new = _authority_in(folder, now)
        server = make_server(authority, alternatives, now)
        _write(folder, server, SERVER_FILE, SERVER_KEY, 0o640)
    until = authority.certificate.not_valid_after_utc
    return Certificates(until, server.certificate.not_valid_after_utc, is_new)


def keep_certificates(
    authority: Path, server: Path, public: Path, names: Sequence[str], now: datetime
) -> list[Path]:
    """Have a broker's certificate for these names, as long as the one that is there does not do.

    The CA with its key is kept in the folder `authority`, the broker's certificate and key in
    `server`, and what every client may have, the CA's certificate alone, in `public`: whoever is
    given one of them sees no other. Returns the files written; UsageError as `make_certificates`.
    """
    alternatives = _alternatives("--broker-name", names)
    written = []
    with alone_in(authority):
        signed_by, is_new = _authority_in(authority, now)
        if is_new:
            written += [authority / CA_FILE, authority / CA_KEY]
        pem = (authority / CA_FILE).read_text(encoding="utf-8")
        if read_if_there(public / CA_FILE) != pem:
            write_whole(public / CA_FILE, pem, 0o644)
            written.append(public / CA_FILE)
        if is_new or not _does(server, signed_by, alternatives, now):
            made = make_server(signed_by, alternatives, now)
            _write(server, made, SERVER_FILE, SERVER_KEY, 0o600)
            written += [server / SERVER_FILE, server / SERVER_KEY]
    return written


def _does(
    folder: Path, authority: Signed, names: Sequence[x509.GeneralName], now: datetime
) -> bool:
    """Whether the broker's certificate that is there is of that CA, for these names, and lasts."""
    pem = read_if_there(folder / SERVER_FILE)
    if pem is None or read_if_there(folder / SERVER_KEY) is None:
        return False
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        certificate.verify_directly_issued_by(authority.certificate)
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    lasts = certificate.not_valid_after_utc - now > RENEWED_BEFORE
    return lasts and set(told.value) == set(names)


def _alternatives(option: str, names: Sequence[str]) -> list[x509.GeneralName]:
    """Each of the names that the option gave once, and those by which a broker is always known."""
    return [_alternative(option, name) for name in dict.fromkeys((*names, *ALWAYS_NAMED))]


def _alternative(option: str, name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if _HOST_NAME.fullmatch(name.lower()):
            return x509.DNSName(name.lower())
    raise UsageError(f"{option} {name}: this is neither a host's name nor an address")


def _authority_in(folder: Path, now: datetime) -> tuple[Signed, bool]:
    """The CA that is kept there, and whether it had to be made."""
    kept = _kept_authority(folder, now)
    if kept is not None:
        return kept, False
    made = make_authority(now)
    _write(folder, made, CA_FILE, CA_KEY, 0o600)
    return made, True


def _kept_authority(folder: Path, now: datetime) -> Signed | None:
    """The CA that is there, if there is one."""
    written, key_written = (read_if_there(folder / name) for name in (CA_FILE, CA_KEY))
    if written is None and key_written is None:
        return None
    if written is None or key_written is None:
        missing, other = (CA_KEY, CA_FILE) if key_written is None else (CA_FILE, CA_KEY)
        raise UsageError(f"{folder}: {missing} is missing: put it back, or {_begin_anew(other)}")
    try:
        certificate = x509.load_pem_x509_certificate(written.encode())
        key = serialization.load_pem_private_key(key_written.encode(), password=None)
    except (ValueError, TypeError):
        raise UsageError(f"{folder}: {CA_FILE} and {CA_KEY} cannot be read") from None
    is_pair = key.public_key() == certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_pair:
        raise UsageError(f"{folder}: {CA_KEY} is not the key of {CA_FILE}")
    ended = certificate.not_valid_after_utc
    if ended <= now:
        raise UsageError(
            f"{folder}: the CA has ended on {ended:%Y-%m-%d}: {_begin_anew(CA_FILE, CA_KEY)}"
        )
    return Signed(certificate, key)


def _begin_anew(*files: str) -> str:
    return f"remove {' and '.join(files)} for a new CA, whose file every client must be given"


def _write(folder: Path, signed: Signed, file: str, key_file: str, key_mode: int) -> None:
    key = signed.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_whole(folder / key_file, key.decode(), key_mode)
    certificate = signed.certificate.public_bytes(serialization.Encoding.PEM)
    write_whole(folder / file, certificate.decode(), 0o644)
