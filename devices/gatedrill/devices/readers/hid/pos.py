"""HID-POS scanners: those that send what they read as reports of their own.

By hidapi, which has no way to wait within an event loop: a thread reads.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.hid.hidapi_reports import HidapiReports, Reports
from gatedrill.devices.readers.hid.pos_report import PosCode, PosDecoder, PosLayout
from gatedrill.devices.readers.repeat_windows import SCANNER_S
from gatedrill.devices.readers.symbol import Symbol, text_of

_LOOK_UP_EVERY_MS: Final = 100
"""How often the thread looks whether it shall end; a report wakes it at once."""


class PosReader:
    """Reads one HID-POS scanner. Listens only: nothing is ever sent to it."""

    kind: Final = "hid"
    repeat_window_s: Final = SCANNER_S

    def __init__(
        self,
        path: str,
        clock: Clock,
        *,
        open_reports: Callable[[str], Reports] = HidapiReports.open,
    ) -> None:
        self._path = path
        self._clock = clock
        self._open_reports = open_reports
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        """Open the scanner and begin to listen.

        Raises UsageError when it is missing, forbidden or no HID-POS scanner.
        """
        reports, layout = await asyncio.to_thread(self._connect)
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()
        self._stopping = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._listen,
            args=(reports, PosDecoder(layout)),
            name=f"hid-pos {self._path}",
            daemon=True,
        )
        self._thread.start()

    async def close(self) -> None:
        """Let go of the scanner; takes up to a tenth of a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            await asyncio.to_thread(thread.join)

    async def read(self) -> Symbol:
        """Wait for the next code; PeerError, from then on always, when the scanner has gone."""
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            self._arrived.put_nowait(arrived)
            raise arrived
        return arrived

    def _connect(self) -> tuple[Reports, PosLayout]:
        reports = self._open_reports(self._path)
        try:
            layout = PosLayout.of_descriptor(reports.descriptor())
        except OSError as error:
            reports.close()
            raise UsageError(
                f"HID-POS scanner {self._path}: its report descriptor cannot be read ({error}); "
                "plug it in again"
            ) from error
        if layout is None:
            reports.close()
            raise UsageError(
                f"HID-POS scanner {self._path}: it sends no decoded data by the Bar Code Scanner "
                "page (0x8C), so it is none; set it to HID-POS by the code in its manual"
            )
        return reports, layout

    def _listen(self, reports: Reports, decoder: PosDecoder) -> None:
        try:
            while not self._stopping.is_set():
                if report := reports.read(_LOOK_UP_EVERY_MS):
                    self._hear(report, decoder)
        except (OSError, ValueError) as error:
            self._arrive(
                PeerError(
                    f"HID-POS scanner {self._path}: the scanner has gone ({error}); "
                    "plug it in again"
                )
            )
        finally:
            reports.close()

    def _hear(self, report: bytes, decoder: PosDecoder) -> None:
        decoded_ns = self._clock.now_ns()
        code: PosCode | None = decoder.feed(report, decoded_ns)
        if code is not None:
            self._arrive(Symbol(text_of(code.content), code.symbology, decoded_ns))

    def _arrive(self, arrived: Symbol | GatedrillError) -> None:
        self._loop.call_soon_threadsafe(self._arrived.put_nowait, arrived)
