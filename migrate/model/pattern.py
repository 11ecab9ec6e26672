"""Patterns that name tables on an endpoint: `endpoint:schema.table`, with `*`, `?` and `[…]`.

A lake's have a catalog before the schema. A part in backticks is taken literally, dots and stars included:
old:shop.`a.b*`. Without backticks the last part keeps its dots where it is known how many parts there are, as in a
configuration, so that `old:shop.a.b` is the table `a.b`. In a plan the dots tell how many there are: one that belongs
to a glob is written `[.]` there.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from migrate.model.table import ObjectRef, TableName, spell

_PART = re.compile(r"`((?:[^`]|``)*)`|((?:[^`.\[]|\[[^\]`]*\]|\[)*)")
_PARTS = (2, 3)


class Part(msgspec.Struct, frozen=True):
    """One part of a pattern: `text` is a glob unless `literal`."""

    text: str
    literal: bool = False

    def matches(self, name: str) -> bool:
        """Whether `name` fits, case and all."""
        return self.text == name if self.literal else _glob(self.text).match(name) is not None

    @property
    def fixed(self) -> bool:
        """Whether only one name can fit."""
        return self.literal or not any(sign in self.text for sign in "*?[")

    def __str__(self) -> str:
        return spell(self.text) if self.literal else self.text


class Pattern(msgspec.Struct, frozen=True):
    """`endpoint:schema.table`; `catalog` only for engines that have one."""

    endpoint: str
    schema: Part
    name: Part
    catalog: Part | None = None

    def matches(self, table: TableName) -> bool:
        """Whether the table of that name is meant."""
        if self.catalog is not None and not self.catalog.matches(table.catalog):
            return False
        return self.schema.matches(table.schema) and self.name.matches(table.name)

    @property
    def tables(self) -> str:
        """The pattern without its endpoint."""
        return ".".join(str(part) for part in (self.catalog, self.schema, self.name) if part is not None)

    def __str__(self) -> str:
        return f"{self.endpoint}:{self.tables}"


def all_of(endpoint: str, schema: str, catalog: str = "") -> Pattern:
    """Everything in the schema of exactly that name."""
    within = Part(catalog, literal=True) if catalog else None
    return Pattern(endpoint, Part(schema, literal=True), Part("*"), within)


@lru_cache(maxsize=4096)
def _glob(text: str) -> re.Pattern[str]:
    out, i = [], 0
    while i < len(text):
        sign = text[i]
        i += 1
        if sign == "*":
            out.append(".*")
        elif sign == "?":
            out.append(".")
        elif sign == "[" and (end := text.find("]", i + 1)) > 0:
            inside = text[i:end].replace("\\", "\\\\")
            out.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
            i = end + 1
        else:
            out.append(re.escape(sign))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


def glob_matches(glob: str, text: str) -> bool:
    """Whether the whole of `text` fits `glob`."""
    return _glob(glob).match(text) is not None


def _parts(text: str, count: int, rest: bool) -> tuple[Part, ...]:
    """At most `count` parts, the last one with all its dots where `rest` says so. ValueError says what is wrong."""
    parts: list[Part] = []
    at = 0
    while True:
        if rest and len(parts) == count - 1 and not text.startswith("`", at):
            parts.append(Part(text[at:]))
            return tuple(parts)
        found = _PART.match(text, at)
        if found is None:  # cannot happen: the second alternative matches the empty text
            raise ValueError(f"cannot read {text[at:]!r}")
        quoted, bare = found.groups()
        parts.append(Part(quoted.replace("``", "`"), literal=True) if quoted is not None else Part(bare))
        at = found.end()
        if at == len(text):
            return tuple(parts)
        if text[at] != ".":
            raise ValueError(f"unexpected {text[at:]!r}")
        at += 1
        if len(parts) == count:
            raise ValueError(f"more than {count} parts")


def parse_pattern(text: str, catalogs: bool | None = None) -> Pattern:
    """Read `endpoint:schema.table`, with `catalogs` `endpoint:catalog.schema.table`; None: the dots tell, as in a plan.

    ValueError says what is wrong.
    """
    endpoint, colon, rest = text.partition(":")
    if not colon or not endpoint or "." in endpoint:
        raise ValueError("the endpoint is missing")
    names = ("schema", "table") if catalogs is False else ("catalog", "schema", "table")
    parts = _parts(rest, len(names), rest=catalogs is not None)
    if len(parts) not in (_PARTS if catalogs is None else (len(names),)) or any(not part.text for part in parts):
        raise ValueError(f"expected {'.'.join(names)} after {endpoint!r}")
    if len(parts) > _PARTS[0]:
        return Pattern(endpoint, parts[1], parts[2], parts[0])
    return Pattern(endpoint, parts[0], parts[1])


def canonical(pattern: Pattern) -> str:
    """The pattern as a plan says it: read without knowing the engine it gives the same."""
    parts = (pattern.catalog, pattern.schema, pattern.name)
    return f"{pattern.endpoint}:{'.'.join(_unambiguous(part) for part in parts if part is not None)}"


def _unambiguous(part: Part) -> str:
    if part.literal or "." not in part.text:
        return str(part)
    if part.fixed:
        return spell(part.text)
    return re.sub(r"\[[^\]]*\]|\.", lambda found: found.group() if found.group() != "." else "[.]", part.text)


@lru_cache(maxsize=1 << 14)
def parse_object(text: str) -> ObjectRef:
    """Read what `str(ObjectRef)` wrote. ValueError says what is wrong."""
    pattern = parse_pattern(text)
    catalog = pattern.catalog.text if pattern.catalog else ""
    return ObjectRef(pattern.endpoint, TableName(pattern.schema.text, pattern.name.text, catalog))


def endpoint_of(text: str) -> str:
    """The endpoint in `endpoint:schema.table` or `endpoint:schema`."""
    return text.partition(":")[0]


def parse_schema(text: str) -> tuple[str, TableName]:
    """Read `endpoint:schema`, the target of a step that makes a schema; the name has an empty table."""
    ref = parse_object(f"{text}.*")
    return ref.endpoint, TableName(ref.table.schema, "", ref.table.catalog)
