"""What only the source's SHOW CREATE TABLE tells of a table, and a table made from the model does not have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from migrate.engines.base import Dialect, Note
from migrate.engines.mysql.mapping import lacks
from migrate.model.table import Table
from migrate.sql import Token, items, quote, tokens

__all__ = ["unsaid"]

_COLUMN_WORDS = ("COLUMN_FORMAT", "STORAGE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE")
_TABLE_WORDS = ("ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "SECONDARY_ENGINE", "CONNECTION")


def unsaid(table: Table, definition: str, origin: Dialect, here: Dialect) -> tuple[Note, ...]:
    """What of the definition is left out where `own_words` makes the table from the model; empty where it does not.

    Raises `UnreadableDdl` when the definition cannot be read.
    """
    if not lacks(here, origin):
        return ()
    cut = items(definition)
    notes: list[Note] = []
    for item in cut.items:
        found = tokens(item.text, versioned=True)
        where = f"{'the index' if item.kind == 'fulltext' else 'column'} {quote(item.name)}"
        said: list[tuple[str, str]] = []
        if item.kind == "fulltext":
            words = "is left out, the target splits text into words by its own rules"
            said += [
                ("MG412", f"{where}: the parser {quote(parser.text)} {words}") for parser in _after(found, "PARSER")
            ]
        elif item.kind == "column":
            there = [word for word in _COLUMN_WORDS if any(_is(token, word) for token in found[1:])]
            said += [("MG407", f"{where}: {word} is left out, the target has no such attribute") for word in there]
        notes += [Note(code, table.name, text, item.name) for code, text in said]
    outer = tokens(cut.tail, versioned=True)
    left = [word for word in _TABLE_WORDS if any(_is(token, word) for token in outer)]
    if left:
        notes.append(Note("MG407", table.name, f"options that the target lacks are left out: {', '.join(left)}"))
    return tuple(notes)


def _after(found: tuple[Token, ...], word: str) -> Iterator[Token]:
    for token, following in pairwise(found):
        if _is(token, word):
            yield following


def _is(token: Token, word: str) -> bool:
    return token.kind == "word" and token.text == word
