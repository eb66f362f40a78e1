import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded_keys import codes, decoder

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.keyboard import Typist, timed
from gatedrill.devices.readers.hid.layout import Layout
from gatedrill.devices.readers.hid.layouts import LAYOUTS

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
TICKET = (
    '{"token":"TKT-7Q2mX_k9~a","signature":"q83vEjRWeJq7+/z0Kg==",'
    '"meta":{"gate":[1,2],"name":"O\'Neil & Co.","price":"50%","mail":"a@b.c","path":"x\\\\y|^`"}}'
)

# However busy the machine is.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

by_country = pytest.mark.parametrize("country", sorted(LAYOUTS))


def typed_and_read(text: str, country: str) -> list[str]:
    return codes(decoder(country), timed(Typist(LAYOUTS[country]).keys(text)))


@by_country
@pytest.mark.parametrize("character", PRINTABLE)
def test_every_printable_character_can_be_typed_and_read(country: str, character: str) -> None:
    assert typed_and_read(f"x{character}x", country) == [f"x{character}x"]


@by_country
@pytest.mark.parametrize(
    "text", [PRINTABLE, PRINTABLE[::-1], TICKET, "01\x1d10ABC\x1d2", "^a~n`e^^"]
)
def test_texts_come_through(country: str, text: str) -> None:
    assert typed_and_read(text, country) == [text]


@pytest.mark.parametrize(
    ("country", "text"),
    [("de", "Größe äöüÄÖÜ €²³µ° âéÈ"), ("fr", "Là-bas çéèàù êïÜ €£¤§² ñã"), ("gb", "£5 ¬ ¦ €")],
)
def test_what_a_country_has_of_its_own_comes_through(country: str, text: str) -> None:
    assert typed_and_read(text, country) == [text]


@by_country
@relaxed
@given(texts=st.lists(st.text(PRINTABLE, min_size=1, max_size=30), min_size=1, max_size=4))
def test_any_texts_come_through(country: str, texts: list[str]) -> None:
    scanner, typist = decoder(country), Typist(LAYOUTS[country])
    assert [code for text in texts for code in codes(scanner, timed(typist.keys(text)))] == texts


@by_country
def test_no_key_types_two_things_on_one_level(country: str) -> None:
    layout = LAYOUTS[country]
    assert not layout.characters.keys() & layout.accents.keys()


@by_country
def test_every_letter_has_its_key(country: str) -> None:
    layout = LAYOUTS[country]
    letters = {
        layout.characters[code, 0] for code, level in layout.characters if layout.is_letter(code)
    }
    assert letters >= set(string.ascii_lowercase)


def test_a_us_scanner_read_as_french_is_another_ticket() -> None:
    keys = timed(Typist(LAYOUTS["us"]).keys('{"token":"TKT-12"}'))
    assert codes(decoder("us"), keys) == ['{"token":"TKT-12"}']
    assert codes(decoder("fr"), keys) == ["\N{DIAERESIS}%token%M%TKT)&é%£"]


def test_what_a_country_cannot_type_is_refused_with_its_name() -> None:
    with pytest.raises(UsageError, match="cannot type '€漢'; choose another layout"):
        Typist(LAYOUTS["us"]).keys("a漢€")


def test_a_row_of_the_wrong_length_is_no_layout() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        Layout.of_rows(("`1234567890-", "qwertyuiop[]", "asdfghjkl;'\\", " zxcvbnm,./"))
