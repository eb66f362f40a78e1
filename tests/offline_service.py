"""A small check-in service of the contract over real HTTP: tables, uploads, and all that it lacks.

It is what a device copies its tickets from and uploads its queue to. The script of a
`scripted_service`.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from scripted_service import Call, answer

from gatedrill.contract.qr import verify_signature
from gatedrill.contract.service import (
    QR_KEY_PATH,
    REFUSAL_FUNCTION,
    RPC_PATH,
    SYNC_FUNCTION,
    TABLE_PATH,
    TICKETS_TABLE,
    TIME_HEADER,
    VERIFY_PATH,
    VIP_PASSES_TABLE,
    VIP_RESERVATIONS_TABLE,
    VIP_SCAN_FUNCTION,
)

Json = dict[str, Any]


def problem(status: int, code: str) -> bytes:
    """An error as the service words it."""
    body = {"code": code, "message": "no", "details": None, "hint": None}
    return answer(status, msgspec.json.encode(body))


class OfflineService:
    """Holds what a test puts into it.

    `scans` are the admissions on record, by ticket; `sent` all uploads in order, function first.
    `mishap` may answer in the service's stead; its None is nobody's answer, the service goes on.
    """

    def __init__(self) -> None:
        self.tables: dict[str, list[Json]] = {
            TICKETS_TABLE: [],
            VIP_PASSES_TABLE: [],
            VIP_RESERVATIONS_TABLE: [],
        }
        self.qr_key: str | None = None
        self.has_key_path = True
        self.takes_nonces = True
        self.keeps_refusals = True
        self.has_change_times = True
        self.tells_time = True
        self.knows_any_ticket = False
        self.now_ns = 1_800_000_000_000_000_000
        self.scans: dict[str, Json] = {}
        self.sent: list[tuple[str, Json]] = []
        self.reads: list[Json] = []
        self.mishap: Callable[[Call], bytes | None] = lambda _call: None

    async def __call__(self, call: Call) -> bytes | None:
        return self.mishap(call) or self.answer(call)

    def answer(self, call: Call) -> bytes:
        """What an undisturbed service answers."""
        url = urlsplit(call.target)
        if call.method == "GET":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return self._read(url.path, query)
        if url.path == VERIFY_PATH:
            return self._said({"valid": self._is_signed(msgspec.json.decode(call.body))})
        for function, take in (
            (SYNC_FUNCTION, self._sync),
            (VIP_SCAN_FUNCTION, self._enter),
            (REFUSAL_FUNCTION, self._refuse),
        ):
            if url.path == RPC_PATH.format(function=function):
                return self._take(function, msgspec.json.decode(call.body), take)
        return problem(404, "PGRST202")

    def _is_signed(self, asked: Json) -> bool:
        key = self.qr_key or "nobody knows"
        return verify_signature(asked["token"], asked["signature"], key)

    def _said(self, body: object) -> bytes:
        stamps = {TIME_HEADER: str(self.now_ns)} if self.tells_time else {}
        return answer(200, msgspec.json.encode(body), **stamps)

    def _read(self, path: str, query: Json) -> bytes:
        if path == QR_KEY_PATH:
            return self._said({"key": self.qr_key}) if self.has_key_path else problem(404, "none")
        [name] = [each for each in self.tables if TABLE_PATH.format(table=each) == path]
        self.reads.append({"table": name, **query})
        if "updated_at" in query and not self.has_change_times:
            return problem(400, "42703")
        rows = [row for row in self.tables[name] if _passes(row, query)]
        rows.sort(key=lambda row: str(row["id"]))
        columns = str(query["select"]).split(",")
        page = rows[: int(query.get("limit", len(rows)))]
        return self._said([{column: row.get(column) for column in columns} for row in page])

    def _take(self, function: str, arguments: Json, take: Callable[[Json], object]) -> bytes:
        is_strange = "p_nonce" in arguments and not self.takes_nonces
        if is_strange or (function == REFUSAL_FUNCTION and not self.keeps_refusals):
            return problem(404, "PGRST202")
        self.sent.append((function, arguments))
        return self._said(take(arguments))

    def _sync(self, arguments: Json) -> list[Json]:
        ticket = arguments["p_ticket_id"]
        known = [row["id"] for row in self.tables[TICKETS_TABLE]]
        if not self.knows_any_ticket and ticket not in known:
            return [{"success": False, "conflict_resolved": False}]
        standing = self.scans.get(ticket)
        is_same = standing is not None and standing["p_nonce"] == arguments.get("p_nonce", "")
        if standing is None or is_same or arguments["p_scanned_at"] < standing["p_scanned_at"]:
            self.scans[ticket] = {"p_nonce": None, **arguments}
            return [{"success": True, "conflict_resolved": not (standing is None or is_same)}]
        winner = {"winner_device": standing["p_device_id"], "winner_time": standing["p_scanned_at"]}
        return [{"success": False, "conflict_resolved": True, **winner}]

    def _enter(self, arguments: Json) -> Json:
        asked = arguments.get("p_pass_id") or arguments.get("p_qr_token")
        known = [
            row for row in self.tables[VIP_PASSES_TABLE] if asked in (row["id"], row["qr_token"])
        ]
        if not known:
            return {"success": False, "error": "PASS_NOT_FOUND", "message": "no"}
        return {"success": True, "message": "welcome", "entry_type": "first_entry"}

    def _refuse(self, _arguments: Json) -> Json:
        return {"recorded": True}


def _passes(row: Json, query: Json) -> bool:
    return all(
        _holds(str(row.get(column)), *str(condition).split(".", 1))
        for column, condition in query.items()
        if column not in ("select", "order", "limit")
    )


def _holds(value: str, operator: str, operand: str) -> bool:
    return {"eq": value == operand, "gt": value > operand, "gte": value >= operand}[operator]
