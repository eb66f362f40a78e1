"""Python, and the packages of each extra."""

import sys
from collections.abc import Callable

from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn
from gatedrill.devices.hardware.surroundings import has_package

EXTRAS = {
    "devices": ("aiosqlite", "cv2", "numpy", "serial", "zxingcpp"),
    "backend": ("aiosqlite", "httptools", "starlette", "uvicorn"),
    "hid": ("evdev", "hid"),
    "print": ("fpdf", "segno"),
    "postgres": ("asyncpg",),
    "tls": ("cryptography",),
}
"""What each extra brings, as it is imported. Brokers and zbar have checks of their own."""
_NEEDED = ("devices", "backend")
_FOR = {
    "hid": "scanners that type like a keyboard cannot be read",
    "print": "practice tickets cannot be printed",
    "postgres": "the reference service keeps its records in SQLite only",
    "tls": "no certificates for a venue's broker can be made",
}
_LEAST = (3, 11)


def python_version(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Python 3.11 or later."""
    written = ".".join(map(str, version))
    if version < _LEAST:
        return fail("python", f"this is Python {written}", "install Python 3.11 or later")
    return ok("python", written)


def extra(name: str, has: Callable[[str], bool] = has_package) -> Finding:
    """The packages of one extra: without some a drill cannot run, others serve a purpose."""
    on_linux_only = {"evdev"} if not sys.platform.startswith("linux") else set()
    missing = [module for module in EXTRAS[name] if module not in on_linux_only and not has(module)]
    check, cure = f"extra {name}", f"pip install 'gatedrill[{name}]'"
    if not missing:
        return ok(check, "installed")
    if name in _NEEDED:
        return fail(check, f"{', '.join(missing)} missing", cure)
    return warn(check, f"{', '.join(missing)} missing: {_FOR[name]}", cure)
