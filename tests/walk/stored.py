"""Views, triggers, routines and events as the walk makes them up, and the statements that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.walk.spelt import quote, string

MODES = ("ANSI_QUOTES,PIPES_AS_CONCAT", "STRICT_TRANS_TABLES,NO_ZERO_DATE")
LITERAL = "NO_BACKSLASH_ESCAPES"
"""Not of triggers and views: under it MySQL cannot open a table with a quote in a check or default (error 1064)."""
DEFINERS = ("", "`root`@`localhost`")
GHOST = "`nobody`@`nowhere`"
"""An account that no server has."""


@dataclass(frozen=True)
class Names:
    """The schema where an object is made, and the one whose name stands in its strings, where nothing may change it."""

    here: str
    said: str


@dataclass(frozen=True)
class Settings:
    """The session in which an object is made, and its definer. `latin` is a client that speaks latin1."""

    mode: str = ""
    latin: bool = False
    zone: str = ""
    definer: str = ""

    @property
    def by(self) -> str:
        return f"DEFINER={self.definer} " if self.definer else ""

    def around(self, statement: str) -> list[str]:
        """The statement and what sets its session up and back."""
        before, after = [], []
        if self.mode:
            before.append(f"SET @mode = @@sql_mode, sql_mode = '{self.mode}'")
            after.append("SET sql_mode = @mode")
        if self.zone:
            before.append(f"SET time_zone = '{self.zone}'")
            after.append("SET time_zone = '+00:00'")
        if self.latin and statement.isascii():
            before.append("SET NAMES latin1")
            after.append("SET NAMES utf8mb4")
        return [*before, statement, *after]


@dataclass(frozen=True)
class View:
    """Some columns of a table or another view, words of its own, and what a function says.

    `join` is another table, all of whose rows are counted. `check` is LOCAL or CASCADED.
    """

    name: str
    base: str
    columns: tuple[str, ...]
    join: str = ""
    function: str = ""
    check: str = ""
    security: str = ""
    algorithm: str = ""
    qualified: bool = False
    where: bool = False
    settings: Settings = Settings()

    @property
    def outputs(self) -> tuple[str, ...]:
        return (*self.columns, "said 1", *(["called"] if self.function else []), *(["counted"] if self.join else []))

    def sql(self, names: Names) -> list[str]:
        place = f"{quote(names.here)}." if self.qualified else ""
        items = [f"{place}{quote(self.base)}.{quote(column)} AS {quote(column)}" for column in self.columns]
        items.append(f"'{names.said}.t it''s' AS {quote('said 1')}")
        if self.function:
            items.append(f"{place}{quote(self.function)}(1) AS {quote('called')}")
        if self.join:
            items.append(f"(SELECT COUNT(*) FROM {place}{quote(self.join)}) AS {quote('counted')}")
        text = "CREATE "
        text += f"ALGORITHM={self.algorithm} " if self.algorithm else ""
        text += self.settings.by
        text += f"SQL SECURITY {self.security} " if self.security else ""
        text += f"VIEW {quote(self.name)} AS SELECT {', '.join(items)} FROM {place}{quote(self.base)}"
        if self.where and self.columns:
            text += f" WHERE {quote(self.columns[0])} IS NOT NULL OR 1 = 1"
        if self.check and self.columns and not self.join and not self.function:  # which may read the view's own table
            text += f" WITH {self.check} CHECK OPTION"
        return self.settings.around(text)


@dataclass(frozen=True)
class Trigger:
    """`column` of the table is in the body, which changes no row. Those of one moment fire in the order of the list."""

    name: str
    table: str
    timing: Literal["BEFORE", "AFTER"]
    event: Literal["INSERT", "UPDATE", "DELETE"]
    column: str
    body: str
    settings: Settings = Settings()

    def sql(self, names: Names) -> list[str]:
        row = "OLD" if self.event == "DELETE" else "NEW"
        body = self.body.replace("@row", f"{row}.{quote(self.column)}").replace("@said", names.said)
        moment = f"{self.timing} {self.event} ON {quote(self.table)}"
        return self.settings.around(f"CREATE {self.settings.by}TRIGGER {quote(self.name)} {moment} FOR EACH ROW {body}")


@dataclass(frozen=True)
class Routine:
    """`table` is read in the body where it says @table."""

    kind: Literal["FUNCTION", "PROCEDURE"]
    name: str
    table: str
    body: str
    returns: str = ""
    comment: str = ""
    security: str = ""
    qualified: bool = False
    settings: Settings = Settings()

    def sql(self, names: Names) -> list[str]:
        place = f"{quote(names.here)}." if self.qualified else ""
        head = f"CREATE {self.settings.by}{self.kind} {quote(self.name)}"
        if self.kind == "FUNCTION":
            head += f"(n INT) RETURNS {self.returns} DETERMINISTIC READS SQL DATA"
        else:
            head += "(IN n INT, OUT `o p` VARCHAR(20) CHARACTER SET latin1, INOUT m DECIMAL(8,2))"
        if self.comment:
            head += f" COMMENT {string(self.comment)}"
        if self.security:
            head += f" SQL SECURITY {self.security}"
        body = self.body.replace("@table", place + quote(self.table)).replace("@said", names.said)
        return self.settings.around(f"{head}\n{body}")


@dataclass(frozen=True)
class Event:
    """One that will not run in our time."""

    name: str
    schedule: str
    table: str
    body: str
    enabled: bool = True
    preserve: bool = False
    comment: str = ""
    settings: Settings = Settings()

    def sql(self, names: Names) -> list[str]:
        text = f"CREATE {self.settings.by}EVENT {quote(self.name)} ON SCHEDULE {self.schedule}"
        text += " ON COMPLETION PRESERVE" if self.preserve else ""
        text += "" if self.enabled else " DISABLE"
        text += f" COMMENT {string(self.comment)}" if self.comment else ""
        body = self.body.replace("@table", f"{quote(names.here)}.{quote(self.table)}").replace("@said", names.said)
        return self.settings.around(f"{text} DO {body}")


Stored = View | Trigger | Routine | Event

FUNCTIONS = (
    ("INT", "RETURN n + 1"),
    ("INT", "BEGIN\n  DECLARE r INT;\n  SELECT COUNT(*) INTO r FROM @table;\n  RETURN r + n;\nEND"),
    ("VARCHAR(60) CHARSET utf8mb4", "RETURN CONCAT(n, 'a `@said`.t ''x''', '한')"),
    ("DATETIME(3)", "RETURN TIMESTAMP('2020-01-01') + INTERVAL n DAY /* @said.t */"),
)
PROCEDURES = (
    "SELECT 1",
    "BEGIN\n  /* all of @said.t */ SELECT * FROM @table;  -- it's\n  # more `@said`.x\nEND",
    (
        "BEGIN\n  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @e = 'it''s @said';\n"
        "  INSERT INTO @table SELECT * FROM @table WHERE 1 = 0;\n  SET m = n;\nEND"
    ),
    "main: BEGIN\n  DECLARE c CURSOR FOR SELECT COUNT(*) FROM @table AS t;\n  OPEN c;\n  LEAVE main;\nEND",
)
TRIGGERS = (
    "SET @walk = @row",
    "BEGIN IF @row IS NULL THEN SET @walk = 'it''s @said.t'; END IF; END",
    "BEGIN /* @said.t */ DECLARE n INT; SET n = 1; END",
)
EVENTS = (
    "DELETE FROM @table WHERE 1 = 0",
    "SET @walk = '@said.t'",
    "BEGIN SELECT COUNT(*) INTO @walk FROM @table; END",
)
SCHEDULES = (
    "EVERY 1 DAY STARTS '2037-01-01 01:02:03'",
    "AT '2037-05-06 00:00:00'",
    "EVERY '1:30' HOUR_MINUTE STARTS '2036-12-31 23:59:59' ENDS '2037-12-31 00:00:00'",
)
