"""What a statement of a move is for, told by its digest as performance_schema of 8.0.33 writes it."""

from __future__ import annotations

import pytest

from tests.bench.profile import purpose


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        ("LOAD DATA LOCAL INFILE ? INTO TABLE `t` CHARACTER SET BINARY", "LOAD DATA"),
        ("ALTER TABLE `b` . `t` ADD KEY `k` ( `k` )", "indexes added"),
        ("ALTER TABLE `b` . `t` ADD CONSTRAINT `f` FOREIGN KEY", "all other statements"),
        ("SELECT COUNT ( * ) , ? , GROUP_CONCAT ( `CONCAT` ( CAST ( ? AS CHARACTER (?) ) ) )", "chunks laid out"),
        (
            "SELECT /*+ SET_VAR ( `group_concat_max_len` = ? ) */ COUNT ( * ) , SUM ( `c` ) , GROUP_CONCAT ( `c` )",
            "chunks laid out",
        ),
        (
            "SELECT `CONCAT` ( @?, ... , CAST ( `IFNULL` ( @?, ... ) AS UNSIGNED ) )",
            "digests said, and rows that go with them",
        ),
        ("SELECT `CONCAT` ( COUNT ( * ) , ? , CAST ( `IFNULL` (...) AS UNSIGNED ) )", "digests of what is held"),
        ("SELECT `CONCAT` ( `id` ) FROM `b` . `t` FORCE INDEX ( `PRIMARY` )", "all other statements"),
        ("SHOW GLOBAL STATUS LIKE ?", "all other statements"),
    ],
)
def test_statements_are_told_apart_by_what_they_are_for(digest: str, words: str) -> None:
    assert purpose(digest) == words
