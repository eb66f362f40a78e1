import pytest

from gatedrill.devices.readers.symbol import text_of


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (b"TICKET-1", "TICKET-1"),
        ("Zürich 漢字".encode(), "Zürich 漢字"),
        ("Zürich".encode("latin-1"), "Zürich"),
        (b"01\x1d02", "01\x1d02"),
        (bytes(range(256)), bytes(range(256)).decode("latin-1")),
    ],
)
def test_a_codes_bytes_are_utf8_where_they_can_be_and_latin1_else(code: bytes, text: str) -> None:
    assert text_of(code) == text
