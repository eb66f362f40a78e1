import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.qr import (
    Meta,
    PlainToken,
    SignedPayload,
    Tampered,
    parse_symbol,
    sign_payload,
    sign_token,
    verify_payload,
    verify_signature,
)

SECRET = "the-venue's-secret"


def test_the_signature_is_the_base64_of_the_tokens_hmac() -> None:
    digest = hmac.new(SECRET.encode(), b"token-1", hashlib.sha256).digest()

    assert sign_token("token-1", SECRET) == base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    "meta",
    [
        {"eventId": "e", "orderId": "o", "ticketType": "general"},
        {"type": "vip_guest", "reservationId": "r", "guestNumber": 3},
        {},
    ],
)
def test_a_signed_code_is_read_back_and_verified(meta: Meta) -> None:
    symbol = parse_symbol(sign_payload("token-1", SECRET, meta))

    assert symbol == SignedPayload("token-1", sign_token("token-1", SECRET), meta)
    assert isinstance(symbol, SignedPayload)
    assert verify_payload(symbol, SECRET)
    assert not verify_payload(symbol, SECRET + "!")


@pytest.mark.parametrize(
    "text", ["VIP-TEST-GUEST-01", "0a1b2c3d-0000-4000-8000-00000000beef", "12345", '"quoted"', ""]
)
def test_what_does_not_look_like_a_payload_is_a_plain_token(text: str) -> None:
    assert parse_symbol(text) == PlainToken(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"token": "token-1"}',
        '{"token": "token-1", "signature": null}',
        '{"token": "token-1", "signature": ""}',
        '{"token": "", "signature": "abc"}',
        '{"token": 7, "signature": "abc"}',
        '{"token": "token-1", "signature": "abc", "meta": []}',
        ' {"token": "token-1"}',
        '{"token": "token-1", "signature": "ab',
        '[{"token": "token-1", "signature": "abc"}]',
        '{"token": "\\ud800", "signature": "abc"}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_signed_payload_is_tampered_with(text: str) -> None:
    assert isinstance(parse_symbol(text), Tampered)


def test_a_payload_without_meta_or_with_more_fields_is_still_a_payload() -> None:
    text = json.dumps({"token": "t", "signature": "s", "version": 2})

    assert parse_symbol(text) == SignedPayload("t", "s")


@pytest.mark.parametrize(
    "change",
    [
        lambda signature: "",
        lambda signature: signature[:-1],
        lambda signature: signature + "=",
        lambda signature: signature.swapcase(),
        lambda signature: "é" + signature[1:],
        lambda signature: " " + signature,
    ],
)
def test_a_signature_that_is_changed_at_all_is_not_valid(change: object) -> None:
    assert callable(change)
    signature = sign_token("token-1", SECRET)

    assert verify_signature("token-1", signature, SECRET)
    assert not verify_signature("token-1", change(signature), SECRET)


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_signature_of_one_token_is_that_of_no_other(one: str, other: str, secret: str) -> None:
    assert verify_signature(other, sign_token(one, secret), secret) == (one == other)


@given(st.text())
def test_every_text_is_a_symbol(text: str) -> None:
    assert isinstance(parse_symbol(text), PlainToken | SignedPayload | Tampered)
