"""Network cameras: MJPEG over HTTP, or RTSP.

FFmpeg reads them, through OpenCV, which can be told how long to wait: measured with a stream that
stays connected and sends nothing, a read that may take 1,000 ms fails after 1,003. Left alone it
takes 30 s. Taking MJPEG apart ourselves costs no less: 7.7 ms of processor time for a colour frame
of 1280 x 720 by httpx and `imdecode`, 6.5 by FFmpeg.
"""

import socket
from urllib.parse import SplitResult, urlsplit

import cv2
import httpx

from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.sources.capture import Capture, set_up

DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554}
"""The schemes that are understood."""

OPEN_TIMEOUT_S = 10.0
"""For connecting and the first picture. H.264 begins with a key frame: some send one in 5 s."""

_ASKING_WHY_S = 3.0


def shown(url: str) -> str:
    """What messages call the stream: its scheme and host, and nothing that may be secret.

    Cameras have passwords before the host, but also in the query and even in the path.
    """
    scheme, _, rest = url.partition("://")
    scheme = scheme if scheme.isalnum() else "..."
    host, _, beyond = rest.replace("?", "/").replace("#", "/").partition("/")
    if "@" in beyond:  # maybe a password with a slash: then what looks like the host is none
        return f"{scheme}://..."
    return f"{scheme}://{host.rpartition('@')[2]}" + ("/..." if beyond else "")


def checked(url: str) -> str:
    """The URL, if it can be that of a camera; UsageError if not."""
    scheme = url.partition("://")[0].lower()
    if scheme not in DEFAULT_PORTS:
        known = ", ".join(DEFAULT_PORTS)
        raise UsageError(f"camera {shown(url)}: unknown scheme: choose one of {known}")
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:  # its message may have a part of the password
        is_complete = False
    if not is_complete:
        raise UsageError(
            f"camera {shown(url)}: the URL needs a host, and a port of 1 to 65535 if any; write "
            "user and password percent-encoded"
        )
    return url


def open_stream(url: str, *, read_timeout_s: float) -> Capture:
    """Open the stream at `url`. A read fails after `read_timeout_s` without a frame.

    Raises PeerError when the camera is out of reach, UsageError when it answers something else than
    a video. Waits for the network, `OPEN_TIMEOUT_S` and a little at most.
    """
    set_up()
    timeouts_ms = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        round(OPEN_TIMEOUT_S * 1e3),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        round(read_timeout_s * 1e3),
    ]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts_ms)
    if not capture.isOpened():
        capture.release()
        raise _why_not(urlsplit(url), shown(url))
    return capture


def _why_not(url: SplitResult, name: str) -> GatedrillError:
    """Find out what OpenCV would not tell: it only says that a stream cannot be opened."""
    address = (url.hostname or "", url.port or DEFAULT_PORTS[url.scheme])
    try:
        socket.create_connection(address, _ASKING_WHY_S).close()
    except (OSError, UnicodeError) as error:  # the latter for what can be no host's name
        why = getattr(error, "strerror", None) or error
        return PeerError(f"camera {name}: it is out of reach ({why}); check address and network")
    answer = "" if url.scheme == "rtsp" else _http_answer(url)
    return UsageError(
        f"camera {name}: it answers{answer}, but with no video that can be read; check the path, "
        "user and password"
    )


def _http_answer(url: SplitResult) -> str:
    """The status and type that the camera answers with; empty if that is not to be had."""
    bare = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
    user = httpx.URL(url.geturl())
    try:
        with httpx.stream(
            "GET", bare, auth=(user.username, user.password), timeout=_ASKING_WHY_S
        ) as response:
            kind = response.headers.get("content-type", "nothing in particular")
            return f" HTTP {response.status_code}, {kind[:60]!r}"
    except httpx.HTTPError:
        return ""
