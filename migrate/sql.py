"""The only door to sqlglot: tokens of MySQL's SQL, and what can be cut out of it at their offsets.

sqlglot's tokenizer is used, its parser and printer are not: what they lose in silence is in
docs/decisions/0001-ddl-text-and-splicing.md. Every text here is one that a server printed under
`sql_quote_show_create=ON`, without ANSI_QUOTES and without NO_BACKSLASH_ESCAPES, but for bodies of stored objects: they
are as they were written, under the `sql_mode` that the server keeps with each.

A `/*!NNNNN … */` comment (MariaDB: `/*M!`) is SQL that the server executes, and ends where MySQL's lexer ends it: not
at a `*/` inside a string of it (sql_lex.cc, in_comment). sqlglot ends it there, so these comments are blanked, or
opened, before it looks. Names in the text are found, compared and replaced as exact slices; what cannot be understood
raises `UnreadableDdl`: unknown is never nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import msgspec

from migrate.errors import UnreadableDdl
from migrate.model.table import TableName

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token as SqlglotToken
    from sqlglot.tokens import Tokenizer

TokenKind = Literal["identifier", "string", "number", "word", "sign"]
ItemKind = Literal["column", "primary", "unique", "index", "fulltext", "spatial", "foreign_key", "check"]

_QUOTED = {  # by whether a backslash escapes
    True: r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`""",
    False: r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`""",
}
_REST = r"""
    |(?P<open>/\*M?!\d*)
    |(?P<comment>/\*.*?\*/|\#[^\n]*|--(?=[\s\x00-\x1f]|\Z)[^\n]*)
    |(?P<close>\*/)"""
_LEXEMES = {
    escapes: re.compile(f"(?P<quoted>{quoted}){_REST}", re.DOTALL | re.VERBOSE) for escapes, quoted in _QUOTED.items()
}
_BETWEEN = re.compile(r"(?:\s|/\*.*?\*/|#[^\n]*|--[^\n]*)*\Z", re.DOTALL)
_STRING_PREFIX = re.compile(r"(?i:[bnx]'|0[bx]|')|\"")
_INDEXES: dict[str, ItemKind] = {"UNIQUE": "unique", "FULLTEXT": "fulltext", "SPATIAL": "spatial"}


class Token(msgspec.Struct, frozen=True):
    """`text[start:end]` of the text is the source, exactly.

    `text` is that unquoted for identifiers and strings, in upper case for words.
    """

    kind: TokenKind
    text: str
    start: int
    end: int


class Piece(Protocol):
    """A token of whichever SQL: see `Token`."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Item(msgspec.Struct, frozen=True):
    """One part of a table's body, as the server wrote it, comments that belong to it included, without its comma.

    `name` is unquoted; a primary key is called PRIMARY.
    """

    kind: ItemKind
    name: str
    text: str


class Items(msgspec.Struct, frozen=True):
    """A CREATE TABLE, cut: `head` ends with the opening parenthesis, `tail` begins with the closing one."""

    head: str
    items: tuple[Item, ...]
    tail: str


def quote(name: str) -> str:
    """The name between backticks, safe whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def quote_table(table: TableName) -> str:
    """`schema`.`name`. The name has no catalog: MySQL has none."""
    return f"{quote(table.schema)}.{quote(table.name)}"


def ansi(name: str) -> str:
    """The name in double quotes, as Trino takes it, safe whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def ansi_table(table: TableName) -> str:
    """Catalog, schema and name, each in double quotes: nothing is implied."""
    return ".".join(ansi(part) for part in (table.catalog, table.schema, table.name) if part)


def ansi_text(value: str) -> str:
    """The text as a literal of standard SQL, where a backslash is a backslash."""
    return "'" + value.replace("'", "''") + "'"


def bare(source: str) -> str:
    """A name as it is, from how it is written: quoted or not."""
    mark = source[:1]
    return source[1:-1].replace(mark * 2, mark) if mark in ("`", '"') and mark else source


def tokens(text: str, versioned: bool = False, sql_mode: str = "") -> tuple[Token, ...]:
    """The tokens of a text of SQL, in order. Comments are not there; `versioned` lets in what `/*!…*/` holds.

    Of `sql_mode` ANSI_QUOTES and NO_BACKSLASH_ESCAPES say what a quote and a backslash are. Raises `UnreadableDdl` for
    a quote or comment that does not end, and where tokens and gaps do not make up the text.
    """
    from sqlglot.errors import TokenError

    modes = frozenset(sql_mode.split(","))
    ansi, escapes = "ANSI_QUOTES" in modes, "NO_BACKSLASH_ESCAPES" not in modes
    seen = _blank(text, not versioned, escapes)
    try:
        raw = _tokenizer(ansi, escapes)().tokenize(seen)
    except TokenError as error:
        raise UnreadableDdl(text, "a quote or a comment does not end") from error
    found: list[Token] = []
    at = 0
    for token in raw:
        if token.start < at or not _BETWEEN.match(seen, at, token.start):
            raise UnreadableDdl(text, f"something at character {at} is not understood")
        at = token.end + 1
        found.append(_token(token, text, ansi))
        _join_digits(found, text)
    if not _BETWEEN.match(seen, at):
        raise UnreadableDdl(text, f"something at character {at} is not understood")
    return tuple(found)


def condition_fault(text: str) -> str:
    """Why `text` cannot stand in parentheses as a condition on the rows of one table, whatever that is called.

    Empty when it can: whole quotes, balanced parentheses, no comment (it could end beyond the text), no semicolon, no
    subquery, no name qualified by a table or schema. Whether its columns exist, only a server can say.
    """
    try:
        return fault_among(text, tokens(text), ("SELECT", "TABLE"), qualified=False)
    except UnreadableDdl as error:
        return error.why


def fault_among(text: str, found: Sequence[Piece], subqueries: Collection[str], qualified: bool) -> str:
    """What `condition_fault` says of a text whose tokens these are, whoever cut them.

    `subqueries` are words that begin one; `qualified`: whether a name may be qualified.
    """
    depth = 0
    at = 0
    for index, token in enumerate(found):
        if text[at : token.start].strip():
            return "it holds a comment"
        at = token.end
        if token.kind == "word" and token.text.upper() in subqueries:
            return "it holds a subquery"
        if token.kind != "sign":
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0:
            return "a parenthesis closes that was not opened"
        if token.text == ";":
            return "it holds a semicolon"
        if token.text == "." and not qualified and index and is_name(found[index - 1]):
            return f"{found[index - 1].text} qualifies a name"
    if text[at:].strip():
        return "it holds a comment"
    return "a parenthesis does not close" if depth else "" if found else "it is empty"


@lru_cache(maxsize=4096)
def items(create_table: str) -> Items:
    """Cut what SHOW CREATE TABLE printed into head, items and tail; their texts are exact slices.

    Raises `UnreadableDdl` when it is not a CREATE TABLE of a quoted name, or holds an item of no known kind.
    """
    all_tokens = tokens(create_table)
    opening = _opening(create_table, all_tokens)
    found: list[Item] = []
    depth = 0
    first = opening + 1
    for index in range(opening, len(all_tokens)):
        token = all_tokens[index]
        if token.kind != "sign":
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            start = all_tokens[first - 1].end
            found.append(_item(create_table, all_tokens[first:index], create_table[start : token.start].strip()))
            first = index + 1
        if depth == 0:
            return Items(create_table[: all_tokens[opening].end], tuple(found), create_table[token.start :])
    raise UnreadableDdl(create_table, "the parenthesis after the name does not end")


@cache
def _tokenizer(ansi: bool, escapes: bool) -> type[Tokenizer]:
    from sqlglot.dialects.mysql import MySQL
    from sqlglot.tokenizer_core import TokenType

    class Plain(MySQL.Tokenizer):
        # Else all that follows CALL, EXECUTE or SHOW is one token, which does not say where it is.
        COMMANDS: ClassVar[set[TokenType]] = set()
        QUOTES: ClassVar[list[tuple[str, str] | str]] = ["'"] if ansi else ["'", '"']
        IDENTIFIERS: ClassVar[list[tuple[str, str] | str]] = ["`", '"'] if ansi else ["`"]
        STRING_ESCAPES: ClassVar[list[str]] = ["'", '"', *(["\\"] if escapes else [])]

    return Plain


def _join_digits(found: list[Token], text: str) -> None:
    """Names may begin with digits, 2024_sales, and after a dot be nothing else, sales.2024: make words of them."""
    if len(found) < 2 or found[-2].end != found[-1].start:
        return
    before, last = found[-2:]
    if last.kind == "word" and before.kind in ("number", "word") and text[before.start : before.end].isdigit():
        found[-2:] = [Token("word", text[before.start : last.end].upper(), before.start, last.end)]
    elif last.kind == "number" and last.text.isalnum() and before.text == "." and _named_before(found):
        found[-1] = Token("word", last.text.upper(), last.start, last.end)


def _named_before(found: list[Token]) -> bool:
    return len(found) > 2 and is_name(found[-3]) and found[-3].end == found[-2].start


def _token(token: SqlglotToken, text: str, ansi: bool) -> Token:
    end = token.end + 1
    source = text[token.start : end]
    if source.startswith("`") or (ansi and source.startswith('"')):
        return Token("identifier", bare(source), token.start, end)
    if _STRING_PREFIX.match(source):
        return Token("string", token.text, token.start, end)
    if source[0].isdigit() or (source[0] == "." and len(source) > 1):
        number = token.token_type.name == "NUMBER"
        return Token("number" if number else "word", source if number else source.upper(), token.start, end)
    if source[0].isalpha() or source[0] in "_$" or ord(source[0]) > 127:
        return Token("word", " ".join(source.upper().split()), token.start, end)
    return Token("sign", source, token.start, end)


def versioned_comments(text: str, escapes: bool = True) -> Iterator[tuple[int, int, int, int]]:
    """Of each `/*!…*/`: where it starts, where its content starts and ends, where it ends."""
    opened: tuple[int, int] | None = None
    for lexeme in _LEXEMES[escapes].finditer(text):
        if lexeme.lastgroup == "open":
            if opened is not None:
                raise UnreadableDdl(text, "a /*! comment inside another one")
            opened = lexeme.span()
        elif lexeme.lastgroup == "close" and opened is not None:
            yield *opened, *lexeme.span()
            opened = None
    if opened is not None:
        raise UnreadableDdl(text, "a /*! comment does not end")


def _blank(text: str, whole: bool, escapes: bool) -> str:
    """`text` with spaces in place of every `/*!…*/`, or of its two ends only; offsets stay."""
    if "/*!" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for start, inside, ending, end in versioned_comments(text, escapes):
        content = " " * (ending - inside) if whole else text[inside:ending]
        pieces += [text[done:start], " " * (inside - start), content, " " * (end - ending)]
        done = end
    return "".join(pieces) + text[done:]


def _opening(text: str, found: tuple[Token, ...]) -> int:
    """The index of the parenthesis that opens the body."""
    words = [token.text for token in found[:2] if token.kind == "word"]
    named = len(found) > 3 and found[2].kind == "identifier"
    if words != ["CREATE", "TABLE"] or not named:
        raise UnreadableDdl(text, "CREATE TABLE and a name in backticks were expected")
    at = 5 if found[3].text == "." else 3
    if at >= len(found) or found[at].kind != "sign" or found[at].text != "(":
        raise UnreadableDdl(text, "a parenthesis was expected after the name")
    return at


def _item(whole: str, found: tuple[Token, ...], text: str) -> Item:
    if found and found[0].kind == "identifier":
        return Item("column", found[0].text, text)
    words = " ".join(token.text for token in found[:3] if token.kind == "word")
    if words.startswith("PRIMARY KEY"):
        return Item("primary", "PRIMARY", text)
    name = next((token.text for token in found[:3] if token.kind == "identifier"), "")
    if name and words in {"KEY", "UNIQUE KEY", "FULLTEXT KEY", "SPATIAL KEY"}:
        return Item(_INDEXES.get(words.split()[0], "index"), name, text)
    if name and words == "CONSTRAINT FOREIGN KEY":
        return Item("foreign_key", name, text)
    if name and words == "CONSTRAINT CHECK":
        return Item("check", name, text)
    raise UnreadableDdl(whole, f"{text[:60]!r} is no column, index or constraint that is known")


def is_name(token: Piece) -> bool:
    """Whether it may be one: a quoted identifier, or a word."""
    return token.kind in {"identifier", "word"}
