import importlib.util
import sys
from ctypes.util import find_library
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import zxingcpp
from cv2.typing import MatLike
from services import require

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.decoders import (
    Decoded,
    Decoder,
    ZbarDecoder,
    ZxingDecoder,
    make_decoder,
)

PYZBAR_IS_HERE = importlib.util.find_spec("pyzbar") is not None
QR = zxingcpp.BarcodeFormat.QRCode
CODE_128 = zxingcpp.BarcodeFormat.Code128


def picture(text: str | bytes, symbology: zxingcpp.BarcodeFormat = QR) -> MatLike:
    barcode = zxingcpp.create_barcode(text, symbology)
    code = np.array(zxingcpp.write_barcode_to_image(barcode, scale=5))
    return np.asarray(cv2.copyMakeBorder(code, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(255,)))


@pytest.fixture(params=["zxing", "zbar"])
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "zbar":
        require(PYZBAR_IS_HERE and find_library("zbar") is not None, "pyzbar and libzbar0")
    return str(request.param)


@pytest.fixture
def decoder(name: str) -> Decoder:
    return make_decoder(name)


@pytest.mark.parametrize(("symbology", "identifier"), [(QR, "]Q1"), (CODE_128, "]C0")])
def test_qr_and_code_128_are_read(
    decoder: Decoder, symbology: zxingcpp.BarcodeFormat, identifier: str
) -> None:
    assert decoder.decode(picture("TICKET-1", symbology)) == [Decoded("TICKET-1", identifier)]


def test_a_colour_frame_is_read(decoder: Decoder) -> None:
    blue_on_yellow = cv2.merge(
        [255 - picture("TICKET-1"), picture("TICKET-1"), picture("TICKET-1")]
    )
    assert decoder.decode(blue_on_yellow) == [Decoded("TICKET-1", "]Q1")]


def test_several_codes_in_one_frame_are_all_read(decoder: Decoder) -> None:
    found = decoder.decode(np.hstack([picture("TICKET-1"), picture("TICKET-2")]))
    assert {code.text for code in found} == {"TICKET-1", "TICKET-2"}


def test_a_ticket_that_bears_both_is_read_by_its_qr_code(decoder: Decoder) -> None:
    qr, bars = picture("TICKET-1"), picture("STUB-1", CODE_128)
    both = np.full((qr.shape[0] + bars.shape[0], max(qr.shape[1], bars.shape[1])), 255, np.uint8)
    both[: qr.shape[0], : qr.shape[1]] = qr
    both[qr.shape[0] :, : bars.shape[1]] = bars
    assert decoder.decode(both) == [Decoded("TICKET-1", "]Q1")]


@pytest.mark.parametrize(
    ("symbologies", "qr_alone", "bars_alone", "both"),
    [
        (["qr"], ["TICKET-1"], [], ["TICKET-1"]),
        (["code128"], [], ["STUB-1"], ["STUB-1"]),
        (["code128", "qr"], ["TICKET-1"], ["STUB-1"], ["TICKET-1"]),
    ],
)
def test_only_the_symbologies_that_are_wanted_are_read(
    name: str, symbologies: list[str], qr_alone: list[str], bars_alone: list[str], both: list[str]
) -> None:
    qr, bars = picture("TICKET-1"), picture("STUB-1", CODE_128)
    bars = np.asarray(cv2.resize(bars, (bars.shape[1], qr.shape[0])))
    decoder = make_decoder(name, symbologies=symbologies)
    for view, texts in (qr, qr_alone), (bars, bars_alone), (np.hstack([qr, bars]), both):
        assert [code.text for code in decoder.decode(view)] == texts


@pytest.mark.parametrize("name", ["zxing", "zbar"])
@pytest.mark.parametrize(
    ("symbologies", "told"),
    [(["qr", "ean13"], "'ean13': choose of qr, code128"), ([], "no symbology to look for")],
)
def test_a_symbology_that_cannot_be_looked_for_is_refused(
    name: str, symbologies: list[str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        make_decoder(name, symbologies=symbologies)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_view_has_no_codes(decoder: Decoder, level: int) -> None:
    assert decoder.decode(np.full((480, 640), level, np.uint8)) == []


def test_other_symbologies_are_not_tickets(decoder: Decoder) -> None:
    assert decoder.decode(picture("4006381333931", zxingcpp.BarcodeFormat.EAN13)) == []


def test_a_field_separator_is_kept(decoder: Decoder) -> None:
    assert [code.text for code in decoder.decode(picture("01\x1d02"))] == ["01\x1d02"]


@pytest.mark.parametrize("text", ["Zürich", "漢字 ✓"])
def test_zxing_reads_text_beyond_ascii(text: str) -> None:
    assert [code.text for code in ZxingDecoder().decode(picture(text))] == [text]


@pytest.mark.parametrize("shape", [(0, 0), (10, 10, 7)])
def test_a_frame_that_zxing_cannot_work_on_has_no_codes(shape: tuple[int, ...]) -> None:
    assert ZxingDecoder().decode(np.zeros(shape, np.uint8)) == []


def test_an_unknown_decoder_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'quirc': choose one of zxing, zbar"):
        make_decoder("quirc")


def test_a_missing_pyzbar_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzbar", None)
    with pytest.raises(UsageError, match=r"pip install 'gatedrill\[zbar\]'.*libzbar0"):
        make_decoder("zbar")


def test_a_missing_zbar_library_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(PYZBAR_IS_HERE, "pyzbar")
    import pyzbar
    import pyzbar.zbar_library

    monkeypatch.setattr(pyzbar.zbar_library, "find_library", lambda name: None)
    monkeypatch.delattr(pyzbar, "pyzbar", raising=False)
    for module in ("pyzbar.pyzbar", "pyzbar.wrapper"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(UsageError, match=r"Unable to find zbar.*libzbar0 \(Debian, Ubuntu\)"):
        ZbarDecoder()


def barcode(text: str, left: int, top: int) -> SimpleNamespace:
    """What zxing tells of a code 100 wide and 40 high."""
    right, bottom = left + 100, top + 40
    corners = {
        "top_left": SimpleNamespace(x=left, y=top),
        "top_right": SimpleNamespace(x=right, y=top),
        "bottom_right": SimpleNamespace(x=right, y=bottom),
        "bottom_left": SimpleNamespace(x=left, y=bottom),
    }
    return SimpleNamespace(
        text=text, symbology_identifier="]C0", position=SimpleNamespace(**corners)
    )


def test_of_two_texts_in_one_place_none_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a hundred errors passes the check digit of Code 128; the next frame will tell."""
    found = [barcode("OSC50OUL", 10, 10), barcode("O&C50O'L", 12, 30), barcode("BESIDE", 200, 10)]
    monkeypatch.setattr(zxingcpp, "read_barcodes", lambda *_args, **_options: found)
    read = make_decoder("zxing", symbologies=["code128"]).decode(np.zeros((99, 400), np.uint8))
    assert [each.text for each in read] == ["BESIDE"]


def test_one_text_that_is_found_twice_in_one_place_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [barcode("SAME", 10, 10), barcode("SAME", 12, 12)]
    monkeypatch.setattr(zxingcpp, "read_barcodes", lambda *_args, **_options: found)
    read = make_decoder("zxing", symbologies=["code128"]).decode(np.zeros((99, 400), np.uint8))
    assert {each.text for each in read} == {"SAME"}
