"""Which collation becomes which, and what is said of it."""

from __future__ import annotations

import pytest

from migrate.engines.mysql import collations
from tests.unit.engines.mysql.targets import TO_MARIADB_10, TO_MARIADB_11, TO_MYSQL_8

OLD_MARIADB = ("utf8mb4_general_ci", "utf8mb4_unicode_520_nopad_ci", "utf8mb4_nopad_bin", "utf8mb4_swedish_ci")


@pytest.mark.parametrize(
    ("name", "there", "becomes"),
    [
        ("utf8mb4_general_ci", TO_MARIADB_10.collations, "utf8mb4_general_ci"),
        ("utf8mb4_0900_ai_ci", TO_MARIADB_11.collations, "utf8mb4_0900_ai_ci"),
        ("utf8mb4_0900_ai_ci", TO_MARIADB_10.collations, "utf8mb4_uca1400_nopad_ai_ci"),
        ("utf8mb4_0900_as_ci", TO_MARIADB_10.collations, "utf8mb4_uca1400_nopad_as_ci"),
        ("utf8mb4_0900_as_cs", TO_MARIADB_10.collations, "utf8mb4_uca1400_nopad_as_cs"),
        ("utf8mb4_0900_bin", TO_MARIADB_10.collations, "utf8mb4_nopad_bin"),
        ("utf8mb4_sv_0900_as_cs", TO_MARIADB_10.collations, "utf8mb4_uca1400_swedish_nopad_as_cs"),
        ("utf8mb4_ja_0900_as_cs_ks", TO_MARIADB_11.collations, "utf8mb4_uca1400_nopad_as_cs"),
        ("utf8mb4_zh_0900_as_cs", TO_MARIADB_11.collations, "utf8mb4_uca1400_nopad_as_cs"),
        ("utf8mb4_0900_ai_ci", OLD_MARIADB, "utf8mb4_unicode_520_nopad_ci"),
        ("utf8mb4_sv_0900_ai_ci", OLD_MARIADB, "utf8mb4_swedish_ci"),
        ("utf8mb4_0900_as_cs", OLD_MARIADB, "utf8mb4_nopad_bin"),
        ("utf8mb4_uca1400_ai_ci", TO_MYSQL_8.collations, "utf8mb4_0900_ai_ci"),
        ("utf8mb4_uca1400_ai_cs", TO_MYSQL_8.collations, "utf8mb4_0900_as_cs"),
        ("utf8mb4_uca1400_nopad_as_ci", TO_MYSQL_8.collations, "utf8mb4_0900_as_ci"),
        ("utf8mb4_uca1400_swedish_as_ci", TO_MYSQL_8.collations, "utf8mb4_sv_0900_as_cs"),
        ("utf8mb4_uca1400_persian_ai_ci", TO_MYSQL_8.collations, "utf8mb4_0900_ai_ci"),
        ("utf8mb3_uca1400_ai_ci", TO_MYSQL_8.collations, "utf8mb3_unicode_520_ci"),
        ("utf8mb4_nopad_bin", TO_MYSQL_8.collations, "utf8mb4_0900_bin"),
        ("utf8mb4_general1400_as_ci", TO_MYSQL_8.collations, "utf8mb4_0900_as_ci"),
        ("latin1_swedish_nopad_ci", TO_MYSQL_8.collations, "latin1_swedish_ci"),
        ("utf8_general_ci", TO_MYSQL_8.collations, "utf8mb3_general_ci"),
        ("utf8mb3_general_ci", ("utf8_general_ci",), "utf8_general_ci"),
        ("gb18030_chinese_ci", TO_MARIADB_11.collations, ""),
    ],
)
def test_a_collation_becomes_the_one_most_like_it(name: str, there: tuple[str, ...], becomes: str) -> None:
    assert collations.collation(name, there) == becomes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci", "spaces at the end count now"),
        ("utf8mb4_general_nopad_ci", "utf8mb4_general_ci", "spaces at the end do not count any more"),
        ("utf8mb4_uca1400_nopad_ai_cs", "utf8mb4_0900_as_cs", "accents count now"),
        ("utf8mb3_uca1400_as_ci", "utf8mb3_unicode_520_ci", "accents do not count any more"),
        (
            "utf8mb4_0900_ai_ci",
            "utf8mb4_0900_ai_ci",
            "a few hundred rare characters are weighed otherwise, none of them below U+0600",
        ),
        (
            "utf8mb4_lv_0900_ai_ci",
            "utf8mb4_uca1400_latvian_nopad_ai_ci",
            "some letters are weighed otherwise, Y and Ý among them",
        ),
        (
            "utf8mb4_0900_ai_ci",
            "utf8mb4_unicode_520_nopad_ci",
            "some characters are weighed otherwise, accented Cyrillic letters among them",
        ),
        ("utf8mb4_0900_bin", "utf8mb4_nopad_bin", ""),
    ],
)
def test_what_is_equal_under_another_collation_is_told(old: str, new: str, said: str) -> None:
    assert collations.change(old, new) == said


def test_a_name_of_mysqls_that_mariadb_has_too_compares_otherwise_there() -> None:
    name = "utf8mb4_0900_ai_ci"
    assert collations.weights(name, "mysql") != collations.weights(name, "mariadb")
    assert collations.weights("utf8mb4_unicode_ci", "mysql") == collations.weights("utf8mb4_unicode_ci", "mariadb")
    assert collations.weights("utf8mb4_0900_bin", "mysql") == collations.weights("utf8mb4_nopad_bin", "mariadb")
    assert collations.weights("utf8_general_ci", "mysql") == collations.weights("utf8mb3_general_ci", "mariadb")
