"""Passwords as Mosquitto keeps them: `$7$iterations$salt$hash`, PBKDF2 with SHA-512.

That is what `mosquitto_passwd` of Mosquitto 2 writes, with 12 bytes of salt and 64 of hash. Our
passwords are drawn, not thought of: nobody guesses them, however quick a guess is. So there are no
more iterations than `mosquitto_passwd` takes; the broker computes them at every login.
"""

import base64
import binascii
import hashlib
import secrets

_ITERATIONS = 101
_SALT_BYTES = 12
_PASSWORD_BYTES = 24


def new_password() -> str:
    """A password that nobody guesses, of letters and digits that need no quoting anywhere."""
    return secrets.token_hex(_PASSWORD_BYTES)


def hash_password(password: str) -> str:
    """What the password file holds of `password`; another text each time."""
    return _hashed(password, secrets.token_bytes(_SALT_BYTES), _ITERATIONS)


def is_hash_of(hashed: str, password: str) -> bool:
    """Whether `hashed` lets `password` in; False as well for a hash of another kind."""
    try:
        _, kind, iterations, salt, _ = hashed.split("$")
        wanted = _hashed(password, base64.b64decode(salt), int(iterations))
    except (ValueError, binascii.Error):
        return False
    return kind == "7" and secrets.compare_digest(wanted, hashed)


def _hashed(password: str, salt: bytes, iterations: int) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${_text(salt)}${_text(digest)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
