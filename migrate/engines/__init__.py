"""One folder per engine; which one serves an endpoint is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from migrate.errors import BadConfig
from migrate.model.plan import EndpointRef

if TYPE_CHECKING:
    from migrate.engines.base import Engine


def open_engine(endpoint: str, ref: EndpointRef, slots: int) -> Engine:
    """The engine of one endpoint, not yet connected; `slots` sessions may work on it at once."""
    match ref.engine:
        case "mysql":
            from migrate.engines.mysql import MysqlEngine

            return MysqlEngine(endpoint, ref, slots)
        case "lake":
            from migrate.engines.lake import LakeEngine

            return LakeEngine(endpoint, ref, slots)
        case other:
            place = f"$.endpoint.{endpoint}.engine"
            raise BadConfig("endpoint", place, f"unknown engine {other!r}", "known: mysql, lake")


@asynccontextmanager
async def open_engines(refs: Mapping[str, EndpointRef], per_server: int) -> AsyncIterator[dict[str, Engine]]:
    """Every endpoint's engine; their connections are closed at the end."""
    engines = {name: open_engine(name, ref, per_server) for name, ref in refs.items()}
    try:
        yield engines
    finally:
        for engine in engines.values():
            await engine.close()
