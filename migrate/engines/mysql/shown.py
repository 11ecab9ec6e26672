"""The words of stored objects that information_schema does not tell, or not as they are: asked of each object alone.

What it shows of a body is made for reading: escapes are resolved and not written again, introducers are gone, `/*!…*/`
is opened, and what utf8mb3 does not have is a ? (seen on MySQL 5.7, 8.0, 9.7 and MariaDB 10.11, 11.8). Equal bodies are
told alike, so most are compared by that. But where tokens could not find names in it for certain, or a ? may hide a
letter, the words come from SHOW CREATE. These are the only questions whose number grows with the number of objects.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.cut import cut
from migrate.engines.mysql.names import spliced
from migrate.engines.mysql.stored import HIDDEN, PRIVILEGES
from migrate.errors import MigrateError, MissingPrivilege, ServerError
from migrate.model.table import StoredKey, StoredKind, StoredObject
from migrate.sql import Token, quote_table, tokens

_SHOWN: dict[StoredKind, int] = {"view": 1, "trigger": 2, "procedure": 2, "function": 2, "event": 3, "sequence": 1}
"""The column of SHOW CREATE that holds the statement."""

_LEXEMES = re.compile(
    r"""(?P<name>`(?:[^`]|``)*`)
    |(?P<comment>/\*.*?\*/|\#[^\n]*|--(?=[\s\x00-\x1f]|\Z)[^\n]*)
    |(?P<string>'(?:[^']|'')*')
    |(?P<double>"(?:[^"]|"")*")
    |(?P<stray>['"`])""",
    re.DOTALL | re.VERBOSE,
)
_BEFORE_STRING = re.compile(r"(?:\b[nxb]|\b_\w+|[^\w$'\"`]|\A)\Z", re.IGNORECASE)
_VIEW_STRING = re.compile(r"`(?:[^`]|``)*`|('(?:[^'\\]|\\.|'')*')", re.DOTALL)
_ENDS = re.compile(
    r"ON SCHEDULE (?:AT '(?P<at>[^']+)'|EVERY .*? ENDS '(?P<ends>[^']+)') ON COMPLETION NOT PRESERVE", re.DOTALL
)
_UNLIKE_JOINS = re.compile(r"\b(?:json_table\s*\(|lateral\b)", re.IGNORECASE)
_VIEW_HEAD = re.compile(r"(?:ALGORITHM=\w+ )?SQL SECURITY \w+ VIEW \((?:`(?:[^`]|``)*`(?:, )?)*\) AS ")

SEQUENCE = "SELECT {n},minimum_value,maximum_value,start_value,`increment`,cache_size,cycle_option FROM {name}"
ACCOUNTS = "SELECT User,Host FROM mysql.user"


async def exact(server: Server, stored: Sequence[StoredObject]) -> tuple[StoredObject, ...]:
    """The same objects, with the words that the dictionary cannot tell; one that may not be read is `broken`."""
    today = datetime.now(UTC)
    found = {one.key: over(_plain_joins(one), today) for one in stored}
    asked = [one for one in found.values() if one.kind != "sequence" and _doubtful(one)]

    async def read(session: Session, one: StoredObject) -> None:
        found[one.key] = await _read_words(session, one)

    await _each(server, asked, read)
    sequences = [one for one in stored if one.kind == "sequence"]
    if sequences:
        async with server.session("metadata") as session:
            found |= {one.key: one for one in await _with_settings(session, sequences)}
    return tuple(found[one.key] for one in stored)


async def stored_definitions(server: Server, stored: Sequence[StoredObject]) -> dict[StoredKey, str]:
    """The server's own statement that makes each, several at a time.

    Views come with every name qualified: their schema is not the current one. Else, a common table expression called
    like a table that it reads would read itself (seen on MySQL 8.0, 9.7 and MariaDB).

    Raises `MissingPrivilege` when the account may not see one, `ServerError` for one that is not there.
    """
    found: dict[StoredKey, str] = {}

    async def read(session: Session, one: StoredObject) -> None:
        found[one.key] = await show_create(session, one)

    await _each(server, sorted(stored, key=lambda one: (one.name, one.kind)), read)
    return {one.key: found[one.key] for one in stored}


async def show_create(session: Session, stored: StoredObject) -> str:
    """What SHOW CREATE tells of it. Raises `MissingPrivilege`."""
    place = f"the {stored.kind} {stored.name}"
    rows = (await session.query(f"SHOW CREATE {stored.kind.upper()} {quote_table(stored.name)}", place)).rows
    if not rows:
        raise ServerError(session.endpoint, f"{place} is gone", "run it again")
    text = rows[0][_SHOWN[stored.kind]]
    if text is None:
        raise MissingPrivilege(
            session.endpoint,
            f"{place}: this account may not see its words",
            f"grant it {PRIVILEGES[stored.kind]}, or leave it out with an exclude pattern",
        )
    return text.decode() if isinstance(text, bytes) else str(text)


async def accounts(server: Server) -> frozenset[str] | None:
    """Accounts that may be definers here, as `user@host`, roles of MariaDB without host. None: we may not know."""
    async with server.session("metadata") as session:
        try:
            rows = (await session.query(ACCOUNTS)).rows
        except MissingPrivilege:
            return None
    named = [tuple(part.decode() if isinstance(part, bytes) else str(part) for part in row) for row in rows]
    return frozenset(f"{user}@{host}" for user, host in named)


async def _each(
    server: Server,
    stored: Sequence[StoredObject],
    work: Callable[[Session, StoredObject], Awaitable[None]],
) -> None:
    left = iter(stored)

    async def go_on() -> None:
        async with server.session("metadata") as session:
            await session.execute("USE information_schema")  # any but their own; with none, 8.0.12 refuses some views
            for one in left:
                await work(session, one)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(server.slots, len(stored))):
                workers.create_task(go_on())
    except* MigrateError as failed:
        raise failed.exceptions[0] from None


async def _read_words(session: Session, one: StoredObject) -> StoredObject:
    mode = dict(one.settings).get("sql_mode", "")
    try:
        shown = await show_create(session, one)
    except MissingPrivilege:
        return msgspec.structs.replace(one, broken=HIDDEN.format(privilege=PRIVILEGES[one.kind]))
    start, end = cut(one.kind, shown, tokens(shown, sql_mode=mode)).body
    head, _ = _told(one)
    tail = one.text[one.text.rindex(" WITH ") :] if one.kind == "view" and one.text.endswith("CHECK OPTION") else ""
    return _plain_joins(msgspec.structs.replace(one, text=head + shown[start:end] + tail))


def _told(one: StoredObject) -> tuple[str, str]:
    """The text, cut into what we put together and what the dictionary told as the definition."""
    text = one.text
    at = 0
    if one.kind == "view":
        found = _VIEW_HEAD.match(text)
        at = found.end() if found else 0
        if text.endswith(" CHECK OPTION"):
            text = text[: text.rindex(" WITH ")]
    elif one.kind == "event":
        at = text.index("\nDO ") + 4
    elif one.kind in ("procedure", "function"):
        at = _after_head(text)
    return text[:at], text[at:]


def _after_head(text: str) -> int:
    """Where the body of a routine begins in a text that `stored` put together."""
    security = re.search(r"^SQL SECURITY \w+\n", text, re.MULTILINE)
    at = security.end() if security else 0
    if text.startswith("COMMENT '", at):
        comment = re.compile(r"'(?:[^']|'')*'", re.DOTALL).match(text, at + 8)
        at = comment.end() + 1 if comment else at
    return at


def _doubtful(one: StoredObject) -> bool:
    """Whether the words may be others than the dictionary tells, or names in them could not be found."""
    _, told = _told(one)
    if one.kind == "view":
        return not told or any("?" in (found[1] or "") for found in _VIEW_STRING.finditer(told))
    if not told or not any(sign in told for sign in "`'\"\\?"):
        return False
    if "``" in told:  # a name with a backtick, which the dictionary may tell with more or fewer of them
        return True
    ansi = "ANSI_QUOTES" in dict(one.settings).get("sql_mode", "").split(",")
    return any(_odd(found, told, ansi) for found in _LEXEMES.finditer(told))


def _odd(found: re.Match[str], text: str, ansi: bool) -> bool:
    """Whether a quoted piece may be only a part of one, or hold another letter than it tells.

    Quotes that were doubled or escaped may no longer be: then a piece ends where a word, or another piece, begins.
    """
    kind, told = found.lastgroup, found[0]
    if kind == "comment":
        return "?" in told
    before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
    touches = _joins_on(after)
    if kind == "name" or (kind == "double" and ansi):
        return touches or _joins_on(before)
    begins = _BEFORE_STRING.search(text[max(0, found.start() - 40) : found.start()])
    return kind == "stray" or "?" in told or "\\" in told or touches or not begins


def _joins_on(sign: str) -> bool:
    return sign.isalnum() or (sign != "" and sign in "'\"`_$")


def over(one: StoredObject, now: datetime) -> StoredObject:
    """An event that will never run again is `broken`: servers drop it instead of making it, without an error.

    Its time zone may be one that is not known here, so a day passes before it is over.
    """
    found = _ENDS.match(one.text) if one.kind == "event" else None
    if found is None:
        return one
    end = datetime.fromisoformat(found["at"] or found["ends"]).replace(tzinfo=UTC)
    why = f"its time is over since {end:%Y-%m-%d}, and a server does not make such an event"
    return msgspec.structs.replace(one, broken=why) if end + timedelta(days=1, hours=14) < now else one


async def _with_settings(session: Session, sequences: Iterable[StoredObject]) -> list[StoredObject]:
    """Sequences with what they were made with; where one stands is data."""
    listed = list(sequences)
    asked = [SEQUENCE.format(n=n, name=quote_table(one.name)) for n, one in enumerate(listed)]
    made = []
    for n, low, high, start, step, cache, cycles in (await session.query(" UNION ALL ".join(asked))).rows:
        one = listed[int(n)]
        said = f"START WITH {start} MINVALUE {low} MAXVALUE {high} INCREMENT BY {step} CACHE {cache}"
        text = f"{one.text} {said}{' CYCLE' if int(cycles) else ''}"
        made.append(msgspec.structs.replace(one, text=text))
    return made


def _plain_joins(one: StoredObject) -> StoredObject:
    """Without parentheses around all of a FROM, which servers tell of a view or not when it has JSON_TABLE or LATERAL.

    They are not there in the dictionary for a view as a person made it, and there for the same made from SHOW CREATE.
    """
    if one.kind != "view" or not _UNLIKE_JOINS.search(one.text):
        return one
    found = tokens(one.text)
    dropped: list[int] = []
    for at, token in enumerate(found[:-1]):
        if token.kind == "word" and token.text == "FROM" and found[at + 1].text == "(":
            close = _closing(found, at + 1)
            if close is not None and _joins(found, at + 1, close) and _ends_from(found, close):
                dropped += [found[at + 1].start, found[close].start]
    return msgspec.structs.replace(one, text=spliced(one.text, [(at, at + 1, "") for at in dropped]))


def _closing(found: Sequence[Token], opening: int) -> int | None:
    depth = 0
    for at in range(opening, len(found)):
        if found[at].kind == "sign":
            depth += {"(": 1, ")": -1}.get(found[at].text, 0)
        if depth == 0:
            return at
    return None


def _joins(found: Sequence[Token], opening: int, close: int) -> bool:
    """Whether there is a join right between these parentheses."""
    depth = 0
    for token in found[opening + 1 : close]:
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif depth == 0 and token.kind == "word" and token.text in ("SELECT", "WITH", "VALUES", "TABLE"):
            return False
        elif depth == 0 and token.kind == "word" and token.text.endswith("JOIN"):
            return True
    return False


_AFTER_FROM = frozenset(
    (
        "WHERE",
        "GROUP BY",
        "HAVING",
        "ORDER BY",
        "LIMIT",
        "WINDOW",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "FOR",
        "LOCK",
        "WITH",
    )
)


def _ends_from(found: Sequence[Token], close: int) -> bool:
    following = found[close + 1] if close + 1 < len(found) else None
    return following is None or following.text == ")" or (following.kind == "word" and following.text in _AFTER_FROM)
