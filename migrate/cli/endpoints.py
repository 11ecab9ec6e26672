"""Connections to the endpoints that a command needs, secrets filled in from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from migrate.cli.context import Shell
from migrate.model.plan import EndpointRef, Plan

if TYPE_CHECKING:
    from migrate.engines.base import Engine

Engines = AbstractAsyncContextManager["dict[str, Engine]"]


def connect(
    refs: Mapping[str, EndpointRef], context: Shell, per_server: int, secrets: Mapping[str, str] | None = None
) -> Engines:
    """Engines by the endpoint's name. Raises `BadConfig` when a `${NAME}` is not in the environment."""
    from migrate import config
    from migrate.engines import open_engines

    known = secrets or {}
    resolved = {name: config.resolve_secrets(name, ref, context.env, known) for name, ref in refs.items()}
    return open_engines(resolved, per_server)


def connect_plan(plan: Plan, context: Shell, per_server: int | None = None) -> Engines:
    """The endpoints of a plan."""
    return connect(plan.endpoint, context, per_server or plan.per_server)
