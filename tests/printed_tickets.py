"""Printed tickets read back: each page as a picture, each ticket on it as a reader sees it."""

import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
from fpdf import FPDF
from services import require

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.decoders import Decoder, make_decoder
from gatedrill.fixtures.practice.key import Key
from gatedrill.fixtures.practice.sheet import CELL_MM, PAGE_MM, PER_PAGE, corner_mm

Gray = npt.NDArray[np.uint8]
_POINTS_A_MM = 72 / 25.4


class PrintedPage(NamedTuple):
    """A page: its pixels, and the words of each place on it."""

    gray: Gray
    words: list[str]
    foot: str

    @property
    def pixels_a_mm(self) -> float:
        """How finely it was rendered."""
        return float(self.gray.shape[1] / PAGE_MM[0])

    def place(self, number: int) -> Gray:
        """The pixels of a place; a view, so that one can spoil them."""
        left, top = (round(mm * self.pixels_a_mm) for mm in corner_mm(number))
        width, height = (round(mm * self.pixels_a_mm) for mm in CELL_MM)
        return self.gray[top : top + height, left : left + width]


class Seen(NamedTuple):
    """A place on a page that is not empty: its words, and the texts that a decoder found in it."""

    words: str
    texts: list[str]


def decoder_or_skip(name: str) -> Decoder:
    """A decoder; the test skips where its system library is missing, as `require` has it."""
    try:
        return make_decoder(name)
    except UsageError:
        require(False, f"the decoder {name}")
        raise


def render_pdf(pdf: bytes, dpi: int) -> list[PrintedPage]:
    """Each page of a PDF of A4, as a printer with this resolution puts it on paper."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_render(page, dpi) for page in document]
    finally:
        document.close()


def _render(page: pypdfium2.PdfPage, dpi: int) -> PrintedPage:
    picture = page.render(scale=dpi / 72, grayscale=True).to_numpy()
    text = page.get_textpage()
    places = [_words(text, *corner_mm(place), *CELL_MM) for place in range(PER_PAGE)]
    bottom = corner_mm(PER_PAGE - 1)[1] + CELL_MM[1]
    foot = _words(text, 0, bottom, PAGE_MM[0], PAGE_MM[1] - bottom)
    return PrintedPage(np.array(picture).reshape(picture.shape[:2]), places, foot)


def _words(
    text: pypdfium2.PdfTextPage, left: float, top: float, width: float, height: float
) -> str:
    left, right = left * _POINTS_A_MM, (left + width) * _POINTS_A_MM
    upper = (PAGE_MM[1] - top) * _POINTS_A_MM
    found = text.get_text_bounded(left, upper - height * _POINTS_A_MM, right, upper)
    return " ".join(str(found).split())


def see(pages: Iterable[PrintedPage], decoder: Decoder) -> list[Seen]:
    """What is in each place, of all that have words or a code."""
    places = [(page, place) for page in pages for place in range(PER_PAGE)]
    seen = [
        Seen(page.words[place], [code.text for code in decoder.decode(page.place(place))])
        for page, place in places
    ]
    return [each for each in seen if each.words or each.texts]


def find_misprints(seen: Sequence[Seen], key: Key) -> list[str]:
    """Whatever does not agree with the key: captions, codes, prints that are missing or twice."""
    problems = []
    by_caption = {f"No. {key.written(each.number)} {each.label}": each for each in key.tickets}
    for each in seen:
        entry = by_caption.pop(each.words, None)
        if entry is None:
            problems.append(f"{each.words!r} is not in the key, or there twice")
        elif each.texts != [entry.code]:
            problems.append(f"{each.words}: {each.texts} instead of {entry.code}")
    return [*problems, *(f"{caption} is missing" for caption in by_caption)]


def decode_png(png: bytes, decoder: Decoder) -> list[str]:
    """The texts in a picture."""
    gray = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    return [code.text for code in decoder.decode(gray)]


def render_svg(svg: bytes) -> Gray:
    """A drawing, 60 mm wide and at 200 dpi."""
    pdf = FPDF(format="A4")
    pdf.add_page()
    pdf.image(io.BytesIO(svg), 75, 100, 60)
    [page] = render_pdf(bytes(pdf.output()), 200)
    left, right, top, bottom = (round(mm * page.pixels_a_mm) for mm in (75, 135, 100, 160))
    return page.gray[top:bottom, left:right]
