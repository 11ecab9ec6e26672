"""JSON lines for programs: one object a line, each with a `type`, the first one naming the version of this format.

Within one major version of `ui`, types and fields are only added. Programs skip what they do not know.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TextIO

import msgspec

from migrate.model.progress import Event, Outcome

UI_VERSION = "1.0"


class Jsonl:
    """Writes objects to `stream`; the version line comes first, once. `stamped` adds the time, as a log wants it."""

    def __init__(self, stream: TextIO, stamped: bool = False) -> None:
        self._stream = stream
        self._stamped = stamped
        self._begun = False

    def write(self, kind: str, fields: dict[str, object] | None = None) -> None:
        """One line, flushed, so that a reader sees it now."""
        if not self._begun:
            self._begun = True
            self._line({"type": "version", "ui": UI_VERSION})
        self._line({"type": kind} | (fields or {}))

    def _line(self, value: dict[str, object]) -> None:
        if self._stamped:
            value = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")} | value
        self._stream.write(msgspec.json.encode(value).decode() + "\n")
        self._stream.flush()


def told(value: Event | Outcome) -> tuple[str, dict[str, object]]:
    """Type and fields of what the executor tells; every field is there, zeros too."""
    fields = {name: msgspec.to_builtins(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Outcome):
        fields["failures"] = [told(failure)[1] for failure in value.failures]
        return "outcome", fields
    return _tag(value), fields


def _tag(value: Event) -> str:
    tag = value.__struct_config__.tag
    if not isinstance(tag, str):
        raise TypeError(f"{type(value).__name__} has no tag")
    return tag
