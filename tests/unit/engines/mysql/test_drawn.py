"""Sequences in the defaults of columns go along with a rename; the same words in a string do not."""

from __future__ import annotations

from migrate.engines.base import Renames
from migrate.engines.mysql.drawn import drawing_from, rename_table, sequences
from migrate.model.table import Column, Table, TableName
from migrate.model.types import Integer

DEFAULT = "nextval(`sh``op`.`n`) + lastval(`other`.`m`) + length('nextval(`sh``op`.`n`)')"
WANTED = "nextval(`crm`.`n`) + lastval(`other`.`k`) + length('nextval(`sh``op`.`n`)')"
RENAMES = Renames({"sh`op": "crm"}, {TableName("other", "m"): TableName("other", "k")})


def column(default: str, is_expression: bool = True) -> Column:
    return Column("id", "int", Integer(32), default=default, default_is_expression=is_expression)


def renamed(default: str, is_expression: bool = True) -> Column:
    table = Table(TableName("crm", "t"), columns=(column(default, is_expression),))
    return rename_table(table, RENAMES).columns[0]


def test_a_default_draws_from_where_its_sequence_goes() -> None:
    assert renamed(DEFAULT).default == WANTED


def test_a_default_that_is_a_text_stays() -> None:
    text = "nextval(`sh``op`.`n`)"
    assert renamed(text, is_expression=False).default == text


def test_the_definition_says_what_the_default_does() -> None:
    told = f"`id` int(11) DEFAULT ({DEFAULT}) COMMENT 'nextval(`sh``op`.`n`)'"
    assert drawing_from(renamed(DEFAULT), told) == f"`id` int(11) DEFAULT ({WANTED}) COMMENT 'nextval(`sh``op`.`n`)'"


def test_the_sequences_of_a_table_are_those_that_its_defaults_draw_from() -> None:
    columns = (column(DEFAULT), column("nextval(`a`.`b`)", is_expression=False), column("nextval(`sh``op`.`n`)"))
    assert sequences(Table(TableName("crm", "t"), columns=columns)) == (
        TableName("other", "m"),
        TableName("sh`op", "n"),
    )
