"""A schema of our own that has some of everything, and work that is done in it to see whether all of it works."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.e2e.equality import Row, name
from tests.lab import Server, client

FOLDER = Path(__file__).parent
MOMENT = "SET timestamp = 1800000000, time_zone = '+00:00', NAMES utf8mb4"

WORK = (
    "INSERT INTO orders (customer, note, placed) VALUES (2, 'new', '2024-04-04 04:04:04.004'), (3, NULL, '2024-05-05')",
    "INSERT INTO line VALUES (1000, 1, 'B-2', 4), (1001, 1, 'A-1', 1)",
    "UPDATE orders SET state = 'paid', note = 'changed' WHERE id IN (2, 1000)",
    "DELETE FROM orders WHERE id = 3",
    "DELETE FROM orders WHERE id = 1",
    "INSERT INTO customer (first_name, town) VALUES ('Tom', 'x')",
    "INSERT INTO p_open (customer, state, note, placed) VALUES (1, 'open', 'by a view', '2024-06-06')",
    "UPDATE q_open SET state = 'sent' WHERE id = 1001",
    "CALL count_lines(1, @lines, @running)",
    "SET @running = 5",
    "CALL count_lines(1, @lines, @running)",
    "SELECT @lines, @running",
    "CALL walk(@said)",
    "SELECT @said",
    "CALL guarded(0)",
    "CALL guarded(1)",
    "CALL outer_one(1)",
    "CALL prepared(2)",
    "CALL ansi()",
    "SELECT raw_backslash(), piped('a', 'b'), shout('é'), z_tax(3.45), a_total(1)",
)
"""Each fires a trigger, asks a view's CHECK OPTION or calls a routine; some are refused, and must be on both sides."""

SIDE_WORK = ("CALL open_place('Seoul', 3)", "SELECT * FROM j_places ORDER BY town", "CALL open_place('Rome', 77)")


@dataclass(frozen=True)
class Names:
    """What the scripts call the schema, the one beside it, and what their strings and comments call it."""

    home: str
    side: str = "side"
    text: str = ""
    quoted: bool = False
    """Whether every name is written in backticks: so a script says what a renamed object should say."""

    def fill(self, script: str) -> str:
        """The script in these names."""
        plain = {"home": self.home, "side": self.side}

        def found(match: re.Match[str]) -> str:
            word = match.group(1)
            if word == "text":
                return self.text or self.home
            if word.startswith('"'):
                return name(plain[word.strip('"')]) if self.quoted else f'"{plain[word.strip(chr(34))]}"'
            return plain[word.lower()] if word.isupper() and not self.quoted else name(plain[word.lower()])

        return re.sub(r'@("home"|home|side|text|HOME|SIDE)@', found, script)


def statements(script: str) -> list[str]:
    """The statements of a file whose statements end with a line that holds $$."""
    text = (FOLDER / script).read_text("utf-8")
    parts = [re.sub(r"\A(?:\s*--[^\n]*\n)+", "", part).strip() for part in re.split(r"(?m)^\$\$$", text)]
    return [part for part in parts if part]


def make(server: Server, script: str, names: Names) -> None:
    """Run a script in the existing schema `names.home`."""
    with client.connect(server, database=names.home) as connection, connection.cursor() as cursor:
        for statement in statements(script):
            try:
                cursor.execute(names.fill(statement))
            except pymysql.err.MySQLError as error:
                raise AssertionError(f"{server.name}: {error}\n{names.fill(statement)}") from error


_SPELT = re.compile(r"[`']| ON (?:DELETE|UPDATE) NO ACTION")
"""How servers spell a refusal: each quotes names in its way, and MariaDB tells a default rule that was said."""


def work(
    server: Server, schema: str, *doing: str, hidden: tuple[str, ...] = ()
) -> list[tuple[str, list[list[Row]] | str]]:
    """What each statement gave: its results, or how it was refused; in one session, at one fixed moment.

    A refusal does not say which of the `hidden` names it was about.
    """
    told: list[tuple[str, list[list[Row]] | str]] = []
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute(MOMENT)
        for statement in doing:
            results: list[list[Row]] = []
            try:
                cursor.execute(statement)
                results.append(list(cursor.fetchall()))
                while cursor.nextset():
                    results.append(list(cursor.fetchall()))
            except pymysql.err.MySQLError as error:
                why = str(error.args[1])
                for each in hidden:
                    why = why.replace(each, "the schema")
                told.append((statement, f"{error.args[0]}: {_SPELT.sub('', why)}"))
            else:
                told.append((statement, results))
    return told
