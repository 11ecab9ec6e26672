"""What is wanted on a server of another dialect, in that server's words."""

from __future__ import annotations

from migrate.engines.base import Dialect, Translation
from migrate.engines.mysql.connect import Server
from migrate.model.table import Catalog, Table


async def translate(server: Server, wanted: Catalog, origin: Dialect, target: Dialect) -> Translation:
    """The same catalog: no dialect is mapped yet."""
    return Translation(wanted)


def own_words(table: Table, definition: str, origin: Dialect, target: Dialect) -> str:
    """The source's own text."""
    return definition
