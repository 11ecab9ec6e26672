"""What may have been meant by a pattern that fits nothing."""

from __future__ import annotations

import difflib

from migrate.engines.base import Engine
from migrate.model.pattern import Part, Pattern


async def nearest(engine: Engine, pattern: Pattern) -> tuple[str, ...]:
    """At most three names like the one that was asked for: in the schema that was named, else anywhere."""
    every = Part("*")
    for schema in (pattern.schema, every):
        catalog = await engine.inspect((Pattern(pattern.endpoint, schema, every, pattern.catalog),))
        names = {str(table.name).casefold(): str(table.name) for table in catalog.tables}
        near = difflib.get_close_matches(pattern.tables.casefold(), names, 3)
        if near:
            return tuple(names[one] for one in near)
    return ()
