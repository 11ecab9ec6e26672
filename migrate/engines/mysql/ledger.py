"""The ledger beside the data: text of the statements on `_migrate_ledger`. See design, section 6.

The primary key makes one line of a kind per place of a step, so that two executors of the same span exclude each other.
Bounds are of any length, so a hash of them stands in the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from migrate.engines.base import Bound, LedgerKey, LedgerLine, Span
from migrate.engines.mysql.answers import literal
from migrate.model.table import TableName
from migrate.sql import quote_table

_Kind = Literal["cut", "chunk", "whole"]

LEDGER = "_migrate_ledger"

CREATE = """\
CREATE TABLE IF NOT EXISTS {ledger} (
  `plan` char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of the plan',
  `step_hash` char(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `place` char(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'kind and hash of the lower bound',
  `step` varchar(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `target` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'the table',
  `kind` varchar(8) CHARACTER SET ascii NOT NULL COMMENT 'cut, chunk or whole',
  `lower_bound` mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'JSON; NULL: none',
  `upper_bound` mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'JSON; NULL: none',
  `row_count` bigint unsigned NOT NULL,
  `byte_count` bigint unsigned NOT NULL,
  `moment` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'in which the source was read',
  `digest` varchar(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the rows, as the source told it',
  `written` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`plan`,`step_hash`,`place`),
  KEY `by_target` (`plan`,`target`)
) ENGINE=InnoDB COMMENT='what migrate has written here; `migrate gc` removes it'"""


class _Ledger(msgspec.Struct, frozen=True):
    """The statements on one ledger."""

    name: str

    def create(self) -> str:
        return CREATE.format(ledger=self.name)

    def select_one(self, key: LedgerKey, line: LedgerLine) -> str:
        return f"SELECT 1 FROM {self.name} WHERE {_where(key)} AND `place` = '{_place(line)}'"

    def select_all(self, key: LedgerKey) -> str:
        columns = "`kind`,`lower_bound`,`upper_bound`,`row_count`,`byte_count`,`moment`,`digest`"
        return f"SELECT {columns} FROM {self.name} WHERE {_where(key)}"

    def forget(self, key: LedgerKey) -> str:
        return f"DELETE FROM {self.name} WHERE {_where(key)}"

    def select_targets(self, plan: str) -> str:
        return f"SELECT DISTINCT `target` FROM {self.name} WHERE `plan` = '{_digest(plan)}'"

    def select_whole(self, plan: str) -> str:
        return f"SELECT `step` FROM {self.name} WHERE `plan` = '{_digest(plan)}' AND `kind` = 'whole'"


def ledger_table(beside: TableName) -> _Ledger:
    """The ledger in the schema of that table."""
    return _Ledger(quote_table(TableName(beside.schema, LEDGER)))


def ledger_insert(key: LedgerKey, lines: Sequence[LedgerLine]) -> str:
    """One statement for all lines: all are written or, when one is there already, none."""
    return ledger_inserts([(key, line) for line in lines])


def ledger_inserts(lines: Sequence[tuple[LedgerKey, LedgerLine]]) -> str:
    """The same for lines of several steps, whose tables are in one schema; at least one."""
    values = ",".join(
        "("
        + ",".join(
            (
                f"'{_digest(key.plan)}'",
                f"'{_step(key.step)}'",
                f"'{_place(line)}'",
                literal(key.step),
                literal(key.target.name),
                f"'{line.kind}'",
                _bound(line.span.lower),
                _bound(line.span.upper),
                str(line.rows),
                str(line.bytes),
                literal(line.moment),
                literal(line.digest),
            )
        )
        + ")"
        for key, line in lines
    )
    return (
        f"INSERT INTO {ledger_table(lines[0][0].target).name} (`plan`,`step_hash`,`place`,`step`,`target`,`kind`,"
        f"`lower_bound`,`upper_bound`,`row_count`,`byte_count`,`moment`,`digest`) VALUES {values}"
    )


def ledger_line(row: Sequence[object]) -> LedgerLine:
    """A line from what `select_all` selected, decoded."""
    kind, lower, upper, rows, size, moment, digest = row
    span = Span(_read_bound(lower), _read_bound(upper))
    return LedgerLine(msgspec.convert(kind, _Kind), span, int(str(rows)), int(str(size)), str(moment), str(digest))


def _read_bound(text: object) -> Bound | None:
    return None if text is None else msgspec.json.decode(str(text), type=tuple[str, ...])


def _digest(plan: str) -> str:
    return plan.removeprefix("sha256:")


def _step(step: str) -> str:
    return hashlib.sha256(step.encode()).hexdigest()[:32]


def _place(line: LedgerLine) -> str:
    lower = msgspec.json.encode(line.span.lower)
    return f"{line.kind}:{hashlib.sha256(lower).hexdigest()[:32]}"


def _where(key: LedgerKey) -> str:
    return f"`plan` = '{_digest(key.plan)}' AND `step_hash` = '{_step(key.step)}'"


def _bound(bound: Bound | None) -> str:
    return "NULL" if bound is None else literal(msgspec.json.encode(bound).decode())
