"""Whether the check-in service can be reached."""

from urllib.parse import urlsplit

from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn
from gatedrill.cli.environment import KEY, TARGET
from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.target import check_target

_PATIENCE_S = 5.0
_NAME = "service"


def service(url: str, *, has_key: bool) -> Finding:
    """One question without a key: any answer at all says that somebody is there.

    One question is no load, so the host need not be allowed as for a drill.
    """
    cure = f"start it, or set {TARGET} right, or unset it"
    try:
        target = check_target(url, {_host(url)})
    except UsageError as error:
        return fail(_NAME, str(error), cure)
    import httpx

    try:
        with httpx.Client(trust_env=False, timeout=_PATIENCE_S) as client:
            status = client.get(target + "/").status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        why = str(error) or type(error).__name__
        return fail(_NAME, f"{target} is out of reach: {why}", cure)
    if not has_key:
        return warn(_NAME, f"{target} answers, but its key is not set", f"set {KEY}")
    if status >= 500:
        return warn(_NAME, f"{target} answers with status {status}", "look into the service's log")
    return ok(_NAME, f"{target} answers, its key is set")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
