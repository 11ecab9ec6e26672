"""From two catalogs to a plan."""
