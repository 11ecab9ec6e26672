"""The contract, part four: checksums, equal for equal tables and for no others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from migrate.engines.base import Checksum, LedgerLine, Span
from migrate.model.table import Table, TableName
from tests.engines.suite_words import both_sides, keyed, some, sums
from tests.engines.world import (
    Row,
    World,
    bounds,
    double,
    integer,
    load,
    moved,
    primary,
    rows_of,
    spans,
    table,
    text,
    transfer,
)

BASE: tuple[Row, ...] = ((1, "x", "y"), (2, "x", "y"), (3, "", "0"), (4, None, "z"))


OTHERS: dict[str, Sequence[Row]] = {
    "one value changed": [*BASE[:3], (4, None, "Z")],
    "a trailing space": [*BASE[:3], (4, None, "z ")],
    "a row missing": BASE[:3],
    "a row more": [*BASE, (5, None, None)],
    "NULL for empty": [BASE[0], BASE[1], (3, None, "0"), BASE[3]],
    "empty for NULL": [*BASE[:3], (4, "", "z")],
    "the word NULL": [*BASE[:3], (4, "NULL", "z")],
    "zero for NULL": [*BASE[:3], (4, "0", "z")],
    "the letter N": [*BASE[:3], (4, "N", "z")],
    "values of two columns swapped": [(1, "y", "x"), *BASE[1:]],
    "values of two rows swapped": [BASE[0], (2, "", "0"), (3, "x", "y"), BASE[3]],
    "NULL in the other column": [*BASE[:3], (4, "z", None)],
    "a value moved over the border": [(1, "xy", ""), *BASE[1:]],
    "the key changed": [*BASE[:3], (40, None, "z")],
}


class Summing:
    """Tests of checksums and digests: equal for equal tables and for no others."""

    async def test_equal_tables_have_equal_sums(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, BASE)
        await world.create("target", moved(made, world.target_schema), BASE[::-1])
        mine = await sums(world, "source", made.name)
        assert mine == await sums(world, "target", TableName(world.target_schema, "t"))
        assert mine.rows == 4
        assert mine.sum != 0

    @pytest.mark.parametrize("other", OTHERS)
    async def test_different_tables_have_different_sums_and_digests(self, world: World, other: str) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, BASE)
        await world.create("target", moved(made, world.target_schema), OTHERS[other])
        there = TableName(world.target_schema, "t")
        assert await sums(world, "source", made.name) != await sums(world, "target", there)
        here, digest = await _digests(world, made.name, there)
        assert digest
        assert digest != here

    async def test_the_target_says_the_digest_that_the_source_said_of_a_payload(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, [*some(7), (8, None, "")])
        mine, theirs = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        said = set()
        async with world.source.reader() as left, world.target.reader() as right, world.target.writer("t") as writer:
            span = Span()
            for _ in range(3):
                payload = await left.read(mine, span, writer.layouts, 3, 1 << 20, digest=True)
                await writer.write(theirs, payload, load(there), "transactional", "at noon")
                assert payload.digest == await right.digest(theirs, payload.span, payload.digest) != ""
                said.add(payload.digest)
                span = Span(payload.span.upper)
            assert (await left.read(mine, Span(), writer.layouts, 3, 1 << 20)).digest == ""
        lines = [line async for line in world.target.ledger(load(there))]
        assert {line.digest for line in lines} == said
        assert len(said) == 3

    async def test_digests_of_no_rows_are_equal_and_no_others(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        await world.create("target", moved(made, world.target_schema))
        here, digest = await _digests(world, made.name, TableName(world.target_schema, "t"))
        assert here == digest != ""

    async def test_zeros_without_their_sign_sum_up_alike_and_other_numbers_do_not(self, world: World) -> None:
        made = table(world.source_schema, "t", integer("id"), double("d"), double("e"), primary("id"))
        found: dict[str, Checksum] = {}
        for zero in (0.0, -0.0, 1.5):
            name = TableName(world.source_schema, f"t{len(found)}")
            await world.create("source", replace(made, name=name), [(1, zero, None), (2, -1.5, 0.0)])
            rows = replace(await rows_of(world.source, name), signless=("d",))
            async with world.source.reader() as reader:
                found[str(zero)] = await reader.checksum(rows, Span())
                assert sum(row.sum for row in await reader.row_sums(rows, Span())) == found[str(zero)].sum
        assert found["0.0"] == found["-0.0"] != found["1.5"]
        assert found["0.0"] == await sums(world, "source", TableName(world.source_schema, "t0"))

    async def test_equal_rows_do_not_cancel_out_and_order_does_not_matter(self, world: World) -> None:
        def made(schema: str, name: str) -> Table:
            return table(schema, name, integer("id"), text("a"))

        one, two = (1, "x"), (2, None)
        tables: dict[str, list[Row]] = {
            "base": [one, two, one],
            "turned": [two, one, one],
            "once": [two, one],
            "thrice": [one, one, one, two],
            "none": [two],
            "pairs": [one, one],
            "no_pairs": [],
        }
        for name, rows in tables.items():
            await world.create("source", made(world.source_schema, name), rows)
        found = {name: await sums(world, "source", TableName(world.source_schema, name)) for name in tables}
        assert found["base"] == found["turned"]
        assert len({(checksum.rows, checksum.sum) for checksum in found.values()}) == len(tables) - 1
        assert found["pairs"].sum != found["no_pairs"].sum
        assert found["no_pairs"] == Checksum(0, 0)

    async def test_sums_of_spans_add_up_to_the_whole(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(11))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            parts = [await reader.checksum(rows, span) for span in spans(await bounds(reader, rows, 3))]
            whole = await reader.checksum(rows, Span())
        assert [part.rows for part in parts] == [3, 3, 3, 2]
        assert sum(part.sum for part in parts) == whole.sum
        assert len({part.sum for part in parts}) == 4

    async def test_where_is_respected_by_sums(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(9))
        await world.create("target", moved(made, world.target_schema), some(5))
        assert await sums(world, "source", made.name, where="id <= 5") == await sums(
            world, "target", TableName(world.target_schema, "t")
        )

    async def test_measure_and_sums_count_the_same_rows(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(9))
        (measured,) = await world.source.measure([await rows_of(world.source, made.name)])
        assert measured.rows == (await sums(world, "source", made.name)).rows == 9

    async def test_the_ledger_line_of_a_whole_step_is_recorded_beside_its_chunks(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(5))
        await transfer(world, made.name, there.name, 2)
        await world.target.record(load(there), [LedgerLine("whole", Span(), 5, 50)])
        found = [line async for line in world.target.ledger(load(there))]
        assert sorted(line.rows for line in found if line.kind == "chunk") == [1, 2, 2]
        assert [line for line in found if line.kind == "whole"] == [LedgerLine("whole", Span(), 5, 50)]


async def _digests(world: World, here: TableName, there: TableName) -> tuple[str, str]:
    """What the source says of a table in one chunk, and the target of the other."""
    mine, theirs = await rows_of(world.source, here), await rows_of(world.target, there)
    async with world.source.reader() as left, world.target.reader() as right, world.target.writer("t") as writer:
        payload = await left.read(mine, Span(), writer.layouts, 100, 1 << 20, digest=True)
        assert payload.span == Span()
        return payload.digest, await right.digest(theirs, Span(), payload.digest)
