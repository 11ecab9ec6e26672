"""The options of a table in ALTER TABLE: its engine, default character set, row format and everything after them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.engines.mysql.render import collate, string
from migrate.engines.mysql.spelling import same_charset
from migrate.errors import UnreadableDdl
from migrate.model.table import Storage
from migrate.sql import tokens

__all__ = ["WHOLE_TYPES", "option_clauses"]

_UNSAID = {
    "autoextend_size": "0",
    "avg_row_length": "0",
    "checksum": "0",
    "compression": "''",
    "delay_key_write": "0",
    "encryption": "'N'",
    "key_block_size": "0",
    "max_rows": "0",
    "min_rows": "0",
    "secondary_engine": "NULL",
}
"""What an option is set to so that it is unsaid; every other one is set to DEFAULT."""
_DERIVED = frozenset({"partitioned", "row_format", "secondary_load"})
"""Words among a table's options that follow from others."""
WHOLE_TYPES = frozenset({"system versioned"})
"""What a table is from its beginning, or never."""
_VALUE = re.compile(r"(?P<bare>[\w.]+)\Z|\"(?P<double>[^\"]*)\"\Z|'(?P<single>[^']*)'\Z")


def option_clauses(actual: Storage, wanted: Storage, tail: str) -> Iterator[str]:
    """Clauses that make a table's options the wanted ones; `tail` is what the wanted definition says after its columns.

    Raises `UnreadableDdl` on a value of an unknown form.
    """
    moved = actual.engine.lower() != wanted.engine.lower()
    if moved:
        yield f"ENGINE = {wanted.engine}"
    if not same_charset(wanted.collation, actual.collation):
        yield f"DEFAULT CHARACTER SET = {wanted.charset}{collate(wanted.collation, ' = ')}"
    if moved or actual.row_format.lower() != wanted.row_format.lower():
        yield f"ROW_FORMAT = {_row_format(wanted, tail)}"
    there, want = _options(actual), _options(wanted)
    yield from (f"{_option(name)} = {_UNSAID.get(name, 'DEFAULT')}" for name in sorted(there.keys() - want.keys()))
    yield from (f"{_option(name)} = {want[name]}" for name in sorted(want) if there.get(name) != want[name])


def _row_format(wanted: Storage, tail: str) -> str:
    if wanted.engine.lower() == "innodb" and wanted.row_format:
        return wanted.row_format.upper()
    found = [token for token in tokens(tail) if token.text != "="]
    at = next((at for at, token in enumerate(found) if token.kind == "word" and token.text == "ROW_FORMAT"), None)
    return "DEFAULT" if at is None else found[at + 1].text


def _options(storage: Storage) -> dict[str, str]:
    """Each option and its value, as they are written."""
    pairs = [option.partition("=") for option in storage.options if option not in WHOLE_TYPES]
    return {name.lower(): _option_value(value) for name, _, value in pairs if name.lower() not in _DERIVED}


def _option(name: str) -> str:
    return name if name.startswith("`") else name.upper()


def _option_value(value: str) -> str:
    found = _VALUE.match(value)
    if found is None:
        raise UnreadableDdl(value, "it is no value of a table option that is known")
    return found["bare"] or string(found["double"] or found["single"] or "")
