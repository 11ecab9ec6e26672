"""`migrate show-config`."""

from __future__ import annotations

from migrate.cli.context import Context
from migrate.cli.options import ConfigFile
from migrate.ui.units import aligned, shown


def show_config(*, config: ConfigFile = None, context: Context) -> int:
    """The resolved settings and where each value came from; secrets are masked.

    For example:
      migrate show-config
      migrate show-config -c shop.toml

    Parameters
    ----------
    config
        The configuration; migrate.toml, or the environment, unless given.
    """
    from migrate import config as configuration

    loaded = configuration.load(config, context.env)
    settings = configuration.describe(loaded)
    context.result(aligned([(shown(one.key), shown(one.value), shown(one.origin)) for one in settings]))
    for one in settings:
        context.record("setting", {"key": one.key, "value": one.value, "origin": one.origin})
    return 0
