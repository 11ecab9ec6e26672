"""What Trino's refusals are called here.

Names of errors are those of `io.trino.spi.StandardErrorCode` and of the connectors' own lists, which are stable.
"""

from __future__ import annotations

from migrate.errors import (
    AccessDenied,
    AlreadyThere,
    Busy,
    CannotConnect,
    ConnectionLost,
    MissingPrivilege,
    NoSpace,
    NotThere,
    ServerError,
)
from migrate.model.plan import EndpointRef

NOT_THERE = frozenset({"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "NOT_FOUND"})
OTHER_FORMAT = "UNSUPPORTED_TABLE_TYPE"
"""A catalog refuses a table of another format, which its metastore shows all the same."""

_BUSY = frozenset(
    {
        "NO_NODES_AVAILABLE",
        "CLUSTER_OUT_OF_MEMORY",
        "QUERY_QUEUE_FULL",
        "TOO_MANY_REQUESTS_FAILED",
        "SERVER_STARTING_UP",
        "EXCEEDED_TIME_LIMIT",
        "TRANSACTION_CONFLICT",
        "ICEBERG_COMMIT_ERROR",
        "CATALOG_NOT_AVAILABLE",
    }
)
_LOST = frozenset(
    {
        "SERVER_SHUTTING_DOWN",
        "REMOTE_TASK_ERROR",
        "REMOTE_TASK_MISMATCH",
        "REMOTE_HOST_GONE",
        "PAGE_TRANSPORT_ERROR",
        "PAGE_TRANSPORT_TIMEOUT",
        "WORKER_RESTARTED",
        "ABANDONED_QUERY",
        "ABANDONED_TASK",
        "HIVE_METASTORE_ERROR",
        "HIVE_FILESYSTEM_ERROR",
        "ICEBERG_FILESYSTEM_ERROR",
    }
)


def place(ref: EndpointRef) -> str:
    """Where the server is, as people write it."""
    return f"{'https' if ref.https else 'http'}://{ref.host}:{ref.port}"


def refused(endpoint: str, name: str, code: int, message: str, about: str = "") -> ServerError:
    """What Trino said of one statement; `about` is what it was about, in front of its words."""
    words = f"{about}: " if about else ""
    said = f"{words}{' '.join(message.split()) or 'no reason given'} ({name})"
    match name:
        case "PERMISSION_DENIED":
            return MissingPrivilege(endpoint, said, "grant it to the user in Trino's access control", code, name)
        case "INSUFFICIENT_RESOURCES" | "EXCEEDED_LOCAL_MEMORY_LIMIT" | "EXCEEDED_GLOBAL_MEMORY_LIMIT":
            return Busy(endpoint, said, "", code, name)
        case "EXCEEDED_SPILL_LIMIT" | "OUT_OF_SPILL_SPACE":
            return NoSpace(endpoint, said, "", code, name)
        case "ALREADY_EXISTS":
            return AlreadyThere(endpoint, said, "", code, name)
        case _ if name in NOT_THERE:
            return NotThere(endpoint, said, "", code, name)
        case _ if name in _BUSY:
            return Busy(endpoint, said, "", code, name)
        case _ if name in _LOST:
            return ConnectionLost(endpoint, said, "", code, name)
        case _:
            return ServerError(endpoint, said, "", code, name)


def http_refused(endpoint: str, ref: EndpointRef, status: int, words: str) -> ServerError:
    """What an HTTP status instead of an answer means."""
    where = place(ref)
    if status in (401, 403):
        hint = "check user and password or token" if ref.https else "check the user, or set https = true"
        return AccessDenied(endpoint, f"{where} refuses user {ref.user!r} (HTTP {status})", hint, status)
    if status in (429, 502, 503, 504):
        return Busy(endpoint, f"{where} is too busy, or starting (HTTP {status})", "", status)
    return CannotConnect(
        endpoint,
        f"{where} does not answer as Trino does (HTTP {status}{words and ': '}{words[:80]})",
        NOT_TRINO,
        status,
    )


NOT_TRINO = "check host, port and https: they must be those of a Trino coordinator"
