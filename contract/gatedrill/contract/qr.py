"""What a ticket's QR code says: a plain token, or one that is signed so that forgeries show.

A signed code is JSON, `{"token", "signature", "meta"}`; the signature is the base64 of the token's
HMAC-SHA256. The signature does not cover `meta`: it serves a display, never a decision.
"""

import base64
import hashlib
import hmac
import re

import msgspec

Meta = dict[str, str | int]


class PlainToken(msgspec.Struct, frozen=True):
    """A code that is its token and nothing else."""

    token: str

    @property
    def is_ticket_id(self) -> bool:
        """Whether it is the ticket's id itself, so that nothing need be looked up."""
        return _UUID.fullmatch(self.token) is not None


class SignedPayload(msgspec.Struct, frozen=True):
    """A code that carries a signature, which may yet be forged.

    `meta` is `{eventId, orderId, ticketType}`, or `{type: "vip_guest", reservationId, guestNumber}`
    of a VIP guest's pass.
    """

    token: str
    signature: str
    meta: Meta = {}

    @property
    def is_pass(self) -> bool:
        """Whether it says that it is a VIP guest's."""
        return self.meta.get("type") == _VIP_GUEST


class Tampered(msgspec.Struct, frozen=True):
    """A code that looks like a signed one and is none."""

    why: str


Symbol = PlainToken | SignedPayload | Tampered

_VIP_GUEST = "vip_guest"
# Only in its usual spelling: 32 digits without hyphens may just as well be a token.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_PAYLOAD = msgspec.json.Decoder(SignedPayload)


def parse_symbol(text: str) -> Symbol:
    """What the code with this text is; its signature, if any, is not looked at yet."""
    if not text.lstrip().startswith(("{", "[")):
        return PlainToken(text)
    try:
        payload = _PAYLOAD.decode(text)
    except (ValueError, RecursionError) as error:
        return Tampered(f"not a signed code: {error}")
    if not payload.token or not payload.signature:
        return Tampered("not a signed code: token or signature is empty")
    return payload


def same_code(text: str) -> str:
    """What two readings of one code have in common.

    A ticket's id is the same in capitals, which some scanners make of everything they read.
    """
    is_id = _UUID.fullmatch(text.strip()) is not None
    return text.strip().lower() if is_id else text


def sign_token(token: str, secret: str) -> str:
    """The signature of `token`."""
    digest = hmac.new(secret.encode(), token.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def sign_payload(token: str, secret: str, meta: Meta) -> str:
    """The text of a signed code."""
    return msgspec.json.encode(SignedPayload(token, sign_token(token, secret), meta)).decode()


def verify_signature(token: str, signature: str, secret: str) -> bool:
    """Whether `signature` is that of `token`; how long it takes does not tell how far it agrees."""
    return hmac.compare_digest(signature.encode(), sign_token(token, secret).encode())


def verify_payload(payload: SignedPayload, secret: str) -> bool:
    """Whether the payload's token was signed with `secret`."""
    return verify_signature(payload.token, payload.signature, secret)
