"""The configuration: migrate.toml, migration.yaml or the environment -> `Config`, which holds every key there is.

`${NAME}` and `${NAME:-default}` in any text are filled in, except in passwords: those stay templates in `Config`, and
so in the plan, until `resolve_secrets` is asked for one endpoint. `$$` is a dollar sign; a dollar sign before anything
else is itself.
"""

from migrate.config.example import EXAMPLE_LAKE, EXAMPLE_MYSQL
from migrate.config.read import load, require_moves, resolve_secrets
from migrate.config.tree import Config, Loaded, Options, Setting, describe

__all__ = [
    "EXAMPLE_LAKE",
    "EXAMPLE_MYSQL",
    "Config",
    "Loaded",
    "Options",
    "Setting",
    "describe",
    "load",
    "require_moves",
    "resolve_secrets",
]
