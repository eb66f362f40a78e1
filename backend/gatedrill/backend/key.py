"""The key that every request must show."""

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from gatedrill.backend.problems import HttpError, ProblemKind

_MISSING = "send the key in the headers apikey and authorization (as Bearer)"


class RequireKey:
    """Answers 401 unless a request shows the key in both headers, `apikey` and `Authorization`."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            self._check(dict(scope["headers"]))
        except HttpError as problem:
            response = problem.response({"www-authenticate": "Bearer"})
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, headers: dict[bytes, bytes]) -> None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        apikey = headers.get(b"apikey")
        if apikey is None or scheme.lower() != b"bearer":
            raise HttpError(ProblemKind.NO_KEY, "the key is missing", _MISSING)
        # Both in constant time, and both always: how long it takes must tell nothing.
        same_apikey = hmac.compare_digest(apikey, self._key)
        same_token = hmac.compare_digest(token, self._key)
        if not (same_apikey and same_token):
            raise HttpError(ProblemKind.WRONG_KEY, "the key is wrong")
