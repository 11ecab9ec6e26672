"""What an object store, or the way to it, refuses: its words as classes of `migrate.errors`.

The client gives text: the request, the status and the store's XML, and behind an empty line its own sources, of which
only the kind of a broken connection is read. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re

from migrate.errors import (
    AccessDenied,
    BadKey,
    Busy,
    CannotConnect,
    ConnectionLost,
    InArchive,
    ServerError,
    SourceMoved,
)

_CODE = re.compile(r"<Code>([A-Za-z0-9_.]+)</Code>")
_SAID = re.compile(r"<Message>([^<]*)</Message>")
_STATUS = re.compile(r"status code: (\d{3})")
_KIND = re.compile(r"HttpError \{\s*kind: ([A-Za-z]+)")
_BAD_KEY = re.compile(r'(?:Path|segment) "((?:[^"\\]|\\.)*)"')

_BUSY = ("SlowDown", "TooManyRequests", "ServiceUnavailable", "RequestLimitExceeded", "ReducedRateLimit")
_DENIED = (
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
_ARCHIVED = ("InvalidObjectState", "ObjectNotInActiveTierError")
"""Said to who reads an object, and to who copies one."""
_ROLE = "169.254.169.254"

GONE = 404
CHANGED = 412


def refused(endpoint: str, place: str, error: Exception) -> ServerError:
    """The named error of what the client raised when it dealt with `place`, an object or a prefix.

    `code` is the HTTP status: 404 of an object that is not there, 412 of one that is another version.
    """
    text, _, sources = str(error).partition("\n\nDebug source")
    code = _first(_CODE, text)
    status = int(_first(_STATUS, text) or 0)
    said = f"{code or status}: {_first(_SAID, text)}".removesuffix(": ") if code or status else _words(text)
    where = f"{place}: {said}"
    if _ROLE in text:
        hint = "name a profile or a pair of keys for the bucket, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return AccessDenied(endpoint, f"{place}: there are no credentials for it here", hint, status)
    if "InvalidPathError" in type(error).__name__ or "Could not parse path" in text:
        return BadKey(endpoint, place, _first(_BAD_KEY, text))
    if code == "NoSuchBucket":
        bucket = place.removeprefix("s3://").partition("/")[0]
        return ServerError(endpoint, f"{place}: there is no bucket {bucket}", "correct the location", GONE)
    if code in _ARCHIVED:
        return InArchive(endpoint, place, status)
    if code == "NotImplemented" or status == 501:
        hint = "locks and the ledger need a store that writes on conditions (If-None-Match, If-Match)"
        return ServerError(endpoint, where, hint, status)
    if code in _BUSY or status in (429, 503):
        return Busy(endpoint, where, "the store asks for fewer requests: run the same command again later", status)
    if code in _DENIED or status in (401, 403):
        return AccessDenied(endpoint, where, "see which keys or profile the bucket has, and what these may do", status)
    if status >= 500 or code in ("InternalError", "RequestTimeout"):
        return ConnectionLost(endpoint, where, "run the same command again", status or 500)
    if isinstance(error, FileNotFoundError):
        return ServerError(endpoint, f"{place}: there is no such object", "", GONE)
    if status in (CHANGED, 304, 409):
        return ServerError(endpoint, where, "it was written meanwhile: run the same command again", CHANGED)
    if not status:
        return _broken(endpoint, place, _words(text), _first(_KIND, sources))
    return ServerError(endpoint, where, "", status)


def _broken(endpoint: str, place: str, said: str, kind: str) -> ServerError:
    if kind == "Connect":
        return CannotConnect(endpoint, f"{place}: {said}", "see whether the store runs there, and the endpoint's URL")
    if kind in ("Timeout", "Interrupted", "Request", "Decode", "Unknown") or "error decoding response body" in said:
        return ConnectionLost(endpoint, f"{place}: {said}", "run the same command again")
    return ServerError(endpoint, f"{place}: {said}")


def _words(text: str) -> str:
    return " ".join(text.split())[:500]


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def of_source(endpoint: str, place: str, error: Exception) -> Exception:
    """What a refused read of a source's object means: it may not be that version any more."""
    named = refused(endpoint, place, error)
    if named.code in (GONE, CHANGED) and "NoSuchBucket" not in str(error):
        return SourceMoved(place)
    return named
