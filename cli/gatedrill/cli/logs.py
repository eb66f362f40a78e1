"""Logging to stderr: text for people, JSON lines for machines, secrets for nobody."""

import logging
import sys
import time
from collections.abc import Iterable
from enum import StrEnum

import msgspec

CHATTY = ("httpx", "httpcore", "asyncio")
"""They tell every request, which is the history's business."""
_CONTEXT = ("run", "device", "fleet")
_everywhere: dict[str, str] = {}


class LogLevel(StrEnum):
    """What `--log-level` takes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up_logging(level: LogLevel, *, as_json: bool, run: str | None = None) -> None:
    """Send every record of `level` and above to stderr, with the `run` it belongs to, if any."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    if run is not None:
        log_with(run=run)
    if level is not LogLevel.DEBUG:
        for chatty in CHATTY:
            logging.getLogger(chatty).setLevel(logging.WARNING)


def log_with(**context: str) -> None:
    """From now on every log line says this, too."""
    _everywhere.update(context)


def for_machines() -> bool:
    """Whether stderr carries JSON lines."""
    return any(isinstance(each.formatter, _JsonLines) for each in logging.getLogger().handlers)


def tell(line: str) -> None:
    """Write a line to stderr whatever the log level is: as it is, or as JSON for machines."""
    if for_machines():
        said = {"name": "gatedrill", "levelno": logging.INFO, "levelname": "INFO", "msg": line}
        logging.getLogger().handlers[0].handle(logging.makeLogRecord(said))
    else:
        sys.stderr.write(line + "\n")


class _Redactor:
    """Replaces known secrets in everything that is logged."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secrets: Iterable[str]) -> None:
        self._secrets.update(secret for secret in secrets if secret)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


_redactor = _Redactor()


def never_log(*secrets: str | None) -> None:
    """From now on these strings appear as `***` in every log line."""
    _redactor.add(secret for secret in secrets if secret)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        context = "".join(f" {key}={value}" for key, value in _context(record).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{clock}.{int(record.msecs):03} {record.levelname.lower():<7}{context} "
        return _redactor.clean(line + f"{record.name}: {_message(self, record)}")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_context(record),
            "message": _redactor.clean(_message(self, record)),
        }
        return msgspec.json.encode(line).decode()


def _context(record: logging.LogRecord) -> dict[str, str]:
    own = {key: str(getattr(record, key)) for key in _CONTEXT if hasattr(record, key)}
    return _everywhere | own


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.exc_info:
        message += "\n" + formatter.formatException(record.exc_info)
    return message
