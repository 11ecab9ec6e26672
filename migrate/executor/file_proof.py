"""The proof of tables whose rows are files: both servers count and sum up every partition, and sums are compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from migrate.engines.base import Engine
from migrate.engines.files import FilePartition, Files, Sums
from migrate.errors import Different, SourceMoved
from migrate.executor.context import Context
from migrate.executor.differences import AT_APPLY, NAMED
from migrate.model.plan import CopyFiles, Verify
from migrate.model.progress import ChunkDone
from migrate.model.table import Table
from migrate.model.words import counted
from migrate.planner.partitions import both_sums, changed, copy_of, files_of
from migrate.planner.translate import Pair


class Compared(msgspec.Struct, frozen=True):
    """Rows that are equal; the partitions that differ, in words and by their names."""

    rows: int
    wrong: tuple[str, ...]
    partitions: tuple[str, ...]


async def compare_files(
    pair: Pair,
    source: Engine,
    target: Engine,
    table: Table,
    only: Sequence[FilePartition] | None,
    names: Collection[str] | None,
    spare: bool = False,
) -> Compared:
    """Both sides, `table` being the target's; `only` asks for these partitions, `names` looks at no others.

    With `spare` partitions that the target alone has are no difference.

    Raises `ServerError`.
    """
    here, there = await both_sums(pair, files_of(source), files_of(target), table, only, pair.where)
    rows, wrong, partitions = 0, list[str](), list[str]()
    known = here.keys() if spare else here.keys() | there.keys()
    asked = sorted(known if names is None else known & set(names))
    for name in asked:
        mine, theirs = here.get(name), there.get(name)
        if mine == theirs and mine is not None:
            rows += mine.rows
            continue
        partitions.append(name)
        wrong.append(_difference(name, mine, theirs, pair.wanted))
    return Compared(rows, tuple(wrong), tuple(partitions))


def _difference(name: str, mine: Sums | None, theirs: Sums | None, wanted: Table) -> str:
    place = f"partition {name}: " if name else ""
    here, there = mine.rows if mine else 0, theirs.rows if theirs else 0
    if here != there or mine is None or theirs is None:
        return f"{place}{counted(here, 'row')} at the source, {there:,} at the target"
    pairs = zip(wanted.columns, mine.checksums, theirs.checksums, strict=False)
    columns = ", ".join(column.name for column, one, other in pairs if one != other)
    return f"{place}{counted(here, 'row')} on both sides, with other values in {columns}"


def different(pair: Pair, wrong: Sequence[str], hint: str = AT_APPLY) -> Different:
    """The error that names a table and its differing partitions."""
    named = "; ".join(wrong[:NAMED]) + (f"; and {len(wrong) - NAMED} more partitions" if len(wrong) > NAMED else "")
    return Different(f"{pair.target} differs from {pair.source}: {named}", hint)


async def prove_files(context: Context, step: Verify) -> int:
    """What was built for a table, under its name aside. Returns rows.

    Raises `Different`; `SourceMoved` where it is the source that is not in its planned version any more.
    """
    pair = context.standing.pairs[step.target]
    source, target = context.engines[pair.source.endpoint], context.engines[pair.target.endpoint]
    name = msgspec.structs.replace(pair.wanted.name, name=step.aside) if step.aside else pair.wanted.name
    built = msgspec.structs.replace(pair.wanted, name=name)
    copy = copy_of(context.plan, step.target)
    names = {part.name for part in copy.part} if copy else None
    proven = 0

    async def work() -> None:
        nonlocal proven
        async with context.take(step, pair.source.endpoint, pair.target.endpoint):
            await context.begin(step)
            only = await chosen(pair, source, step.partition)
            found = await compare_files(pair, source, target, built, only, names)
            if found.wrong:
                await _moved(files_of(source), copy, found.partitions, step)
                raise different(pair, found.wrong)
            proven = found.rows
            context.tell(ChunkDone(step.id, found.rows, 0))

    await context.patiently(step, work)
    return proven


async def chosen(pair: Pair, source: Engine, names: Sequence[str] = ()) -> Sequence[FilePartition] | None:
    """The source's partitions that a proof is about; None where it is about all of them."""
    if not names and not pair.move.partitions:
        return None
    files = files_of(source)
    place = (await files.places([pair.table]))[pair.table.name]
    found = await files.partitions(pair.table, place, pair.move.partitions)
    meant = set(names)
    return [one for one in found if not meant or one.name in meant]


async def _moved(files: Files, copy: CopyFiles | None, partitions: Sequence[str], step: Verify) -> None:
    """Raises `SourceMoved` when the files of one of these partitions are not those that were planned."""
    for name in await changed(files, copy, partitions) if copy else ():
        raise SourceMoved(f"{step.source} {name}".rstrip())
