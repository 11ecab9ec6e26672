"""What goes between an engine and those who use it: the values of the contract in `migrate.engines.base`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from migrate.model.plan import Risk
from migrate.model.table import Catalog, Column, TableName

Bound = tuple[str, ...]
"""One place in a key: a value per key column, in the engine's own literal spelling, comparable only by that engine."""


class Span(msgspec.Struct, frozen=True):
    """Keys above `lower` up to and including `upper`. None: no bound on that side.

    With `only`, of these no others than the keys named there.
    """

    lower: Bound | None = None
    upper: Bound | None = None
    only: tuple[Bound, ...] = ()


class Buckets(msgspec.Struct, frozen=True):
    """Rows by the first `bits` (1 to 32) of a hash of their keys, the same hash on all servers of one family.

    `numbers` are those that are meant.
    """

    bits: int
    numbers: tuple[int, ...]


class Rows(msgspec.Struct, frozen=True):
    """What to read of a table: `columns` are those that hold values (no generated ones), in the table's order.

    `key` is empty when no index can cut the table; `index` is the name of the one that does; `where` is a condition in
    the source's SQL, empty for all rows. `alike`: where two sides are read, a span of the key is the same rows on both.
    `meant`: columns whose text is a JSON document on both sides; where the texts differ, their meaning decides.
    `computed`: generated columns that are stored. The target computes them itself, so they are not moved; but what it
    comes to is proven with the rest of the row. `signless`: columns of floats in which -0.0 sums up as 0.0.
    """

    table: TableName
    columns: tuple[Column, ...]
    key: tuple[Column, ...] = ()
    index: str = ""
    where: str = ""
    alike: bool = True
    meant: tuple[str, ...] = ()
    computed: tuple[Column, ...] = ()
    signless: tuple[str, ...] = ()


MomentWay = Literal["backup-stage", "flush-tables", "lock-tables", "position", "none"]
"""How all readers come to see one moment. position: without a lock, tried until the log stands still; none: not at all,
each sees its own."""


class Payload(msgspec.Struct, frozen=True):
    """A chunk as the source laid it out: `rows` rows of `span`, in one of the layouts that the target named.

    `marks` are what the layout needs to be read again (delimiters); Python forwards `data` and never looks inside but
    to prove the marks. `digest` is what the source says of these rows, where it was asked to: see `Reader.digest`.
    """

    span: Span
    rows: int
    data: bytes | bytearray
    layout: str
    marks: tuple[bytes, ...] = ()
    digest: str = ""

    def line(self, moment: str) -> LedgerLine:
        """What the ledger has of it once it is written; `moment` is the one in which it was read."""
        return LedgerLine("chunk", self.span, self.rows, len(self.data), moment, self.digest)


class Checksum(msgspec.Struct, frozen=True):
    """`rows`, and the order-independent sum of 64 bits of a hash of each row; equal rows do not cancel out."""

    rows: int = 0
    sum: int = 0


class RowSum(msgspec.Struct, frozen=True):
    """One row by its key, and the hash that a `Checksum` sums up."""

    key: Bound
    sum: int


class Intake(msgspec.Struct, frozen=True):
    """How rows get into a server: the layouts that its writers take, best first, and the bytes of its largest packet.

    `each`: whether every single cell must fit one, however it comes. No packet: there is no limit.
    """

    layouts: tuple[str, ...]
    packet: int = 0
    each: bool = False


class Oversized(msgspec.Struct, frozen=True, order=True):
    """`rows` of a source's table that one side has no way for, the largest of which needs `largest` bytes there.

    `advice` is the statement that would help on that side, empty when nothing does.
    """

    table: TableName
    side: Literal["source", "target"]
    rows: int
    largest: int
    advice: str = ""


class Collision(msgspec.Struct, frozen=True, order=True):
    """A unique key of a source's table, as the target compares its texts: by `rules`, as people read them.

    So many `values` are there more than once at the source, which the target refuses; 0: none. `examples` are spelled
    as people read them, each in the ways in which it is there.
    """

    table: TableName
    index: str
    rules: str
    values: int
    examples: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """A document of one row, and of what it holds at some places the types, which its text does not tell.

    A place is a path in the engine's own spelling.
    """

    key: Bound
    column: str
    text: str
    typed: tuple[tuple[str, str], ...] = ()


class Altered(msgspec.Struct, frozen=True):
    """One value of a document that is another one on the target, as people read it."""

    key: Bound
    column: str
    path: str
    was: str
    became: str


class LedgerKey(msgspec.Struct, frozen=True):
    """Which step of which plan, and the table whose schema holds the ledger."""

    plan: str
    step: str
    target: TableName


class LedgerLine(msgspec.Struct, frozen=True):
    """`chunk`: this span is safely on the target. `cut`: a writer's own range, written before its first chunk.

    `whole`: the step is done, all its spans are there; `rows` and `bytes` are then the step's. `moment` names the one
    in which the source was read, empty when it was read at none. `digest` is what the source said of a chunk's rows as
    it gave them, empty where it was not asked.
    """

    kind: Literal["cut", "chunk", "whole"]
    span: Span = Span()
    rows: int = 0
    bytes: int = 0
    moment: str = ""
    digest: str = ""


class Dialect(msgspec.Struct, frozen=True, order=True):
    """Whose words a server speaks: servers of equal dialects tell and understand every definition alike."""

    vendor: str = ""
    version: tuple[int, ...] = ()


class Note(msgspec.Struct, frozen=True, order=True):
    """What a reviewer must know of one object as it is wanted on the target: a finding's code and text.

    `part` is what of the object it is about (a column, an index), empty for the whole. `stored` is the kind of a stored
    object, empty for a table.
    """

    code: str
    name: TableName
    text: str
    part: str = ""
    stored: str = ""


class Translation(msgspec.Struct, frozen=True):
    """A catalog in the words of a target's dialect, and what that changed; `refused` cannot be had there, with why.

    What is refused is in the catalog all the same, unchanged.
    """

    catalog: Catalog
    notes: tuple[Note, ...] = ()
    refused: tuple[Note, ...] = ()


class Renames(msgspec.Struct, frozen=True):
    """How names change on the way to a target: schemas by their names, and single tables and views.

    `objects` holds those whose own name changes, or that go to another schema than `schemas` says.
    """

    schemas: Mapping[str, str] = {}
    objects: Mapping[TableName, TableName] = {}


class Script(msgspec.Struct, frozen=True):
    """One statement and the settings of the session under which it must run (system variables, and `database`)."""

    sql: str
    session: tuple[tuple[str, str], ...] = ()


class Loss(msgspec.Struct, frozen=True):
    """What a statement may cost: `lossy` may alter or refuse values, `destructive` drops some for certain."""

    risk: Risk
    text: str


class Alteration(msgspec.Struct, frozen=True):
    """One statement on an existing table. `action` is `drop-foreign-keys` or `alter-table`.

    `algorithm` (INSTANT, INPLACE, COPY) and `lock` (NONE, SHARED, EXCLUSIVE) are what the server will do as far as is
    known. `refused`: why the server cannot do it at all. `session` is as in `Script`.
    """

    action: Literal["drop-foreign-keys", "alter-table"]
    sql: str
    session: tuple[tuple[str, str], ...] = ()
    losses: tuple[Loss, ...] = ()
    algorithm: str = ""
    lock: str = ""
    refused: str = ""


class Made(msgspec.Struct, frozen=True):
    """A stored object that was made from one of another dialect, whose words cannot be compared: hashes of both."""

    kind: str
    name: TableName
    source: str
    target: str
