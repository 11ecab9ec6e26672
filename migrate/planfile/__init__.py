"""The plan as a file: canonical TOML, sealed.

Two rules hold for every plan that `seal` made: `decode(encode(plan)) == plan`, and `encode(decode(text)) == text` for
every text that `encode` wrote. The seals and the digest are taken over decoded values, so that line ends, comments and
white space outside strings do not matter. What moves with the data (`[step.estimate]`) is outside both.

A field that equals its default counts as absent in seals and digest: a later version may add fields without breaking
older plans, but must raise `FORMAT` when it changes a default.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import BadPlan, BrokenPlan, CannotWrite, MissingFile, UsageError, WrongDigest
from migrate.model.plan import Plan
from migrate.planfile.seals import check_seals, fingerprint, seal
from migrate.planfile.text import encode

__all__ = [
    "FORMAT",
    "decode",
    "encode",
    "fingerprint",
    "read",
    "require_digest",
    "round_estimate",
    "seal",
    "write",
]

FORMAT = 1
"""The format this version reads and writes."""

_HINT_MISSING = "make it with `migrate plan`"
_PLACE = re.compile(r" - at `(.*)`\Z")
_STEP_PLACE = re.compile(r"\$\.step\[(\d+)\]")
_STEP_HEADER = re.compile(r"^(?=[ \t]*\[\[[ \t]*step[ \t]*\]\])", re.MULTILINE)
_STEP_ID = re.compile(r'^id = "(.*)"', re.MULTILINE)
_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})\Z")


def round_estimate(n: int) -> int:
    """`n` (0 or more) to two significant digits, halves up."""
    unit: int = 10 ** max(len(str(n)) - 2, 0)
    return (n + unit // 2) // unit * unit


# -- writing ---------------------------------------------------------------------------------------------------------


def write(path: Path, plan: Plan) -> None:
    """Put a sealed plan at `path`, whole or not at all; folders on the way are made.

    The text is read back and compared before it takes the old one's place. Raises `BrokenSeal` for a plan that was not
    sealed, `CannotWrite` when the disk refuses, `BadPlan` when UTF-8 cannot hold a text.
    """
    check_seals(plan, str(path))
    text = encode(plan)
    if decode(text, str(path)) != plan:
        raise BadPlan(f"the plan {path} would not read back as it was made; it was not written")
    real = Path(os.path.realpath(path))  # a link stays a link
    temporary = real.with_name(f".{real.name}.{secrets.token_hex(4)}.tmp")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if temporary.read_bytes() != text.encode():
                raise BadPlan(f"the disk gave back other bytes than were written; {path} was not replaced")
            temporary.replace(real)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CannotWrite(str(path), "plan", error.strerror or str(error)) from error


# -- reading -------------------------------------------------------------------------------------------------------


def read(path: Path) -> Plan:
    """The plan in a file. Raises `MissingFile`, `BrokenPlan` and `BrokenSeal`."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFile(str(path), "plan", _HINT_MISSING) from error
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        raise MissingFile(str(path), "plan", _HINT_MISSING, why) from error
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode()
        place = _culprit(good + "\x00" + raw[error.end :].decode(errors="replace"))
        raise BrokenPlan(str(path), f"{place}line {good.count(chr(10)) + 1} is not UTF-8") from error
    return decode(text, str(path))


def decode(text: str, path: str) -> Plan:
    """The plan in a text; `path` is for messages.

    Raises `BrokenPlan` with the place for what is no plan of this format, `BrokenSeal` for an edited one.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number too long for int() is not a TOMLDecodeError
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BrokenPlan(path, f"{_culprit(text)}{why}") from error
    number = document.get("format")
    if type(number) is not int or number < 1:
        raise BrokenPlan(path, "`format = 1` is missing at its head")
    if number > FORMAT:
        raise BrokenPlan(path, f"it was written by a newer migrate (format {number}, this one reads {FORMAT})")
    try:
        plan = msgspec.convert(document, Plan)
    except msgspec.ValidationError as error:
        raise BrokenPlan(path, _explain(str(error), document)) from error
    check_seals(plan, path)
    return plan


def _explain(message: str, document: Mapping[str, Any]) -> str:
    """msgspec's sentence with the place in front, steps by their id."""
    found = _PLACE.search(message)
    place = found.group(1) if found else "$"
    why = message[: found.start()] if found else message
    if step := _STEP_PLACE.match(place):
        number = int(step.group(1))
        step_id = document["step"][number].get("id") if isinstance(document["step"][number], dict) else None
        return f"step {step_id!r} (number {number + 1} in the file): {place}: {why}"
    return f"{place}: {why}"


def _culprit(text: str) -> str:
    """Which step makes the text unreadable: the first that cannot be read by itself. Empty: none, or not a step."""
    head, *steps = _STEP_HEADER.split(text)
    if not _readable(head):
        return ""
    for number, step in enumerate(steps, 1):
        if not _readable(step):
            found = _STEP_ID.search(step)
            return f"step {found.group(1) if found else '?'!r} (number {number} in the file): "
    return ""


def _readable(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def require_digest(plan: Plan, path: str, expected: str) -> None:
    """Raises `WrongDigest` unless `expected` is the plan's digest, or 12 hex digits or more of its beginning.

    `UsageError` when `expected` is no digest at all.
    """
    found = _PREFIX.match(expected.strip().lower())
    if found is None:
        raise UsageError(
            f"{expected!r} is not a digest", "give 12 or more of its hex digits; `migrate show PLAN` prints it"
        )
    if not plan.digest.removeprefix("sha256:").startswith(found.group(1)):
        raise WrongDigest(path, expected.strip(), plan.digest)
