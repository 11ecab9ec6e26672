"""What Trino was asked."""

from __future__ import annotations

from tests.lab.lake import End


def asked(end: End, schema: str, word: str) -> int:
    """Queries of ours that name the schema and have this word in them."""
    sql = f"SELECT query FROM system.runtime.queries WHERE source = 'migrate' AND strpos(query, '{schema}') > 0"
    return sum(word in str(query) for (query,) in end.rows(sql))
