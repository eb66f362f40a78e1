"""A gate's process for tests that kill it: it decides scans and uploads them, as fast as it can.

Run as a script with the file, the number of the boot and the service's URL; each verdict that it
shows is a line with the scan's nonce.
"""

import asyncio
import random
import ssl
import sys
from pathlib import Path

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal_rows import NewScan
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload import SupabaseUpload
from gatedrill.devices.offline.uploader import Uploader

ADMITTED = Outcome(OutcomeKind.ADMITTED)
REFUSED = Outcome(OutcomeKind.REFUSED, Reason.OFFLINE_UNKNOWN)


async def main(path: str, boot: str, url: str) -> None:
    time = TimeOfDay(MonotonicClock())
    file = await DeviceFile.open(Path(path), "gate-01", f"boot-{boot}", time)
    connection = ServiceConnection(
        url, "key", clock=time.clock, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout_s=30
    )
    uplink = asyncio.Event()
    uplink.set()
    upload = SupabaseUpload(connection, file.journal, scanned_by="anna")
    uploader = Uploader(file.journal, upload, uplink=uplink, rng=random.Random(1))
    uploading = asyncio.create_task(uploader.run())
    number = 0
    while not uploading.done():
        number += 1
        nonce = f"{boot}.{number}"
        await file.journal.begin(NewScan(nonce, "edition", nonce, nonce))
        outcome = REFUSED if number % 3 == 0 else ADMITTED
        await file.journal.decide(nonce, outcome, Authority.OFFLINE, time.stamp())
        sys.stdout.write(f"{nonce}\n")
        sys.stdout.flush()
        uploader.wake()
    await uploading


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
