"""What MySQL and MariaDB say differently, and how it is said on the other one: every rule, both directions, as tables.

Measured on MySQL 8.0.12, 8.0.33, 9.7.4, MariaDB 10.11.18 and 11.8.9. docs/mysql.md has the same table for readers.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.engines.base import Dialect


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CODES: Mapping[str, tuple[str, str]] = {
    "MG401": ("note", "a collation that the target lacks, or has under other rules, becomes another one"),
    "MG402": ("note", "a type that the target lacks becomes another one"),
    "MG403": ("note", "JSON is kept as text with a check, or text with such a check stays text"),
    "MG404": ("note", "an index is said in other words"),
    "MG405": ("note", "a default or a generated column is said in other words"),
    "MG406": ("note", "a check has another name, or rules that were no checks become one"),
    "MG407": ("note", "a storage engine or an option of a table becomes another one, or is left out"),
    "MG408": ("note", "settings or words of a stored object are said in other words"),
    "MG409": ("note", "a foreign key that the target takes only with its own rules switched off"),
    "MG410": ("unsupported", "the target has nothing that the object needs"),
    "MG411": ("note", "a unique key is re-checked under another collation"),
    "MG412": ("lossy", "a part of a table that the target has nothing like is left out"),
}
"""Codes of notes: their level, and what they say. docs/findings.md explains each."""


# -- what a version has ----------------------------------------------------------------------------------------------


class Features(msgspec.Struct, frozen=True):
    """What servers of a dialect can have."""

    checks: bool = True
    unenforced_checks: bool = False
    column_checks: bool = False
    functional_indexes: bool = False
    descending_indexes: bool = True
    invisible_indexes: bool = True
    invisible_columns: bool = True
    bare_invisible_columns: bool = False
    """NOT NULL, invisible and without a default."""
    expression_defaults: bool = True
    generated_not_null: bool = False
    generated_primary_key: bool = False
    srid: bool = False
    json: bool = False
    uuid: bool = False
    inet6: bool = False
    inet4: bool = False
    vector: bool = False
    hash_keys: bool = False
    """Unique keys over whole texts, or longer than an index may be."""


def features(dialect: Dialect) -> Features:
    """What servers of this dialect have, by the versions in which each came."""
    version = dialect.version
    if dialect.vendor == "mariadb":
        return Features(
            column_checks=True,
            descending_indexes=version >= (10, 8),
            invisible_indexes=version >= (10, 6),
            uuid=version >= (10, 7),
            inet6=version >= (10, 5),
            inet4=version >= (10, 10),
            vector=version >= (11, 7),
            hash_keys=True,
        )
    return Features(
        checks=version >= (8, 0, 16),
        unenforced_checks=version >= (8, 0, 16),
        functional_indexes=version >= (8, 0, 13),
        descending_indexes=version >= (8,),
        invisible_indexes=version >= (8,),
        invisible_columns=version >= (8, 0, 23),
        bare_invisible_columns=version >= (8, 0, 23),
        expression_defaults=version >= (8, 0, 13),
        generated_not_null=True,
        generated_primary_key=True,
        srid=version >= (8,),
        json=True,
        vector=version >= (9,),
    )


def lacks(here: Dialect, origin: Dialect) -> bool:
    """Whether words of the origin may not hold here: another vendor, or a version with less in it."""
    if here.vendor != origin.vendor:
        return True
    mine, theirs = features(here), features(origin)
    return any(getattr(theirs, name) and not getattr(mine, name) for name in mine.__struct_fields__)


# -- types, options, engines -----------------------------------------------------------------------------------------

AS_TEXT: Mapping[str, tuple[str, str, str]] = {
    "uuid": ("char(36)", "ascii", "ascii_general_ci"),
    "inet6": ("varchar(45)", "ascii", "ascii_general_ci"),
    "inet4": ("varchar(15)", "ascii", "ascii_general_ci"),
}
"""What MariaDB's types become where they are not: text as it prints them; letters of both cases are equal, as there."""

COLLECTIONS = ("geometrycollection", "geomcollection")
"""One type: its name elsewhere, and in MySQL since 8.0.11."""

COMMON_OPTIONS = frozenset(
    {"avg_row_length", "checksum", "delay_key_write", "key_block_size", "max_rows", "min_rows", "pack_keys"}
    | {"stats_auto_recalc", "stats_persistent", "stats_sample_pages"}
)
"""Options of tables that both vendors know."""

REPLACED_ENGINES = frozenset({"aria", "rocksdb"})
FALLBACK_ENGINE = "InnoDB"
"""What tables of these engines become on a target that lacks them; those of others are refused there."""

# -- functions -------------------------------------------------------------------------------------------------------

RENAMED: Mapping[str, Mapping[str, str]] = {
    "mariadb": {"json_pretty": "json_detailed", "st_geomcollfromtxt": "st_geomcollfromtext"},
    "mysql": {"json_detailed": "json_pretty", "nvl": "ifnull"},
}
"""Functions that the vendor has under another name, alike in arguments and result."""

_VECTORS = "from_vector string_to_vector to_vector vector_dim vector_to_string distance vector_distance"
ONLY_MYSQL = _words(
    """any_value bin_to_uuid format_bytes format_pico_time gtid_subset gtid_subtract icu_version is_uuid json_overlaps
    json_schema_valid json_schema_validation_report json_storage_free json_storage_size mbrcoveredby mbrcovers
    ps_current_thread_id ps_thread_id random_bytes regexp_like roles_graphml st_buffer_strategy st_frechetdistance
    st_geohash st_hausdorffdistance st_isvalid st_latfromgeohash st_latitude st_lineinterpolatepoint
    st_lineinterpolatepoints st_longfromgeohash st_longitude st_makeenvelope st_numinteriorring st_pointatdistance
    st_pointfromgeohash st_simplify st_swapxy st_transform st_validate statement_digest statement_digest_text
    uuid_to_bin
    validate_password_strength etag
"""
    f" {_VECTORS}"
)
"""Functions of MySQL that MariaDB lacks, or has since some version: its SQL_FUNCTIONS tells which."""

ONLY_MARIADB = _words(
    """add_months chr column_add column_check column_create column_delete column_exists column_get column_json
    column_list
    concat_operator_oracle crc32c decode decode_histogram decode_oracle des_decrypt des_encrypt encode encrypt
    json_array_intersect json_compact json_equals json_exists json_key_value json_loose json_normalize
    json_object_filter_keys json_object_to_array json_query kdf lastval lengthb lpad_oracle ltrim_oracle median
    natural_sort_key nextval nvl2 old_password percentile_cont percentile_disc replace_oracle rpad_oracle rtrim_oracle
    setval sformat substr_oracle sys_guid to_char to_date to_number trim_oracle uuid_v4 uuid_v7 vec_distance
    vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext"""
)
"""Functions of MariaDB that MySQL lacks."""

HASHES = frozenset({"md5", "sha", "sha1"})
"""Since MySQL 9.6 only with component_classic_hashing."""

GONE_IN_MYSQL_8: Mapping[str, str] = {
    **{
        name: f"st_{name}"
        for name in _words(
            """area asbinary astext aswkb aswkt buffer centroid contains convexhull crosses dimension disjoint
        distance endpoint envelope equals exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext
        geometrycollectionfromwkb geometryfromtext geometryfromwkb geometryn geometrytype geomfromtext geomfromwkb
        interiorringn intersects isclosed isempty issimple linefromtext linefromwkb linestringfromtext linestringfromwkb
        mlinefromtext mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb multilinestringfromtext
        multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext multipolygonfromwkb
        numgeometries numinteriorrings numpoints overlaps pointfromtext pointfromwkb pointn polyfromtext polyfromwkb
        polygonfromtext polygonfromwkb srid startpoint touches within x y"""
        )
    },
    "glength": "st_length",
    "json_append": "json_array_append",
    "json_merge": "json_merge_preserve",
    "mbrequal": "mbrequals",
    "password": "",
}
"""Functions of MySQL 5.7, and of MariaDB, that MySQL 8.0 lacks, and what is there instead; empty: nothing."""

CHANGING = _words(
    """benchmark connection_id current_role current_user curdate curtime database found_rows get_lock is_free_lock
    is_used_lock last_insert_id load_file localtime localtimestamp now rand random_bytes release_lock row_count schema
    session_user sleep sysdate system_user unix_timestamp user utc_date utc_time utc_timestamp uuid uuid_short version
    current_date current_time current_timestamp"""
)
"""What MySQL does not take in checks and generated columns (errors 3814, 3763), and MariaDB takes in virtual ones."""

NO_DEFAULTS = _words(
    """benchmark current_user found_rows get_lock is_free_lock is_used_lock last_insert_id load_file release_lock
    row_count
    session_user sleep system_user user version"""
)
"""What MySQL does not take in defaults (error 3770); 9.7 takes those that name users."""

OF_SESSIONS = _words("aes_decrypt aes_encrypt dayname from_unixtime monthname random_bytes")
"""What MySQL takes in stored columns, indexes or checks, and MariaDB does not: it depends on the session (1901)."""

# -- settings --------------------------------------------------------------------------------------------------------

SQL_MODES: Mapping[str, frozenset[str]] = {
    "mysql": _words(
        """ALLOW_INVALID_DATES ANSI ANSI_QUOTES ERROR_FOR_DIVISION_BY_ZERO HIGH_NOT_PRECEDENCE IGNORE_SPACE
        NO_AUTO_VALUE_ON_ZERO NO_BACKSLASH_ESCAPES NO_DIR_IN_CREATE NO_ENGINE_SUBSTITUTION NO_UNSIGNED_SUBTRACTION
        NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY PAD_CHAR_TO_FULL_LENGTH PIPES_AS_CONCAT REAL_AS_FLOAT
        STRICT_ALL_TABLES STRICT_TRANS_TABLES TIME_TRUNCATE_FRACTIONAL TRADITIONAL"""
    ),
    "mariadb": _words(
        """ALLOW_INVALID_DATES ANSI ANSI_QUOTES DB2 EMPTY_STRING_IS_NULL ERROR_FOR_DIVISION_BY_ZERO HIGH_NOT_PRECEDENCE
        IGNORE_BAD_TABLE_OPTIONS IGNORE_SPACE MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_AUTO_VALUE_ON_ZERO
        NO_BACKSLASH_ESCAPES NO_DIR_IN_CREATE NO_ENGINE_SUBSTITUTION NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS
        NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY ORACLE PAD_CHAR_TO_FULL_LENGTH
        PIPES_AS_CONCAT POSTGRESQL REAL_AS_FLOAT SIMULTANEOUS_ASSIGNMENT STRICT_ALL_TABLES STRICT_TRANS_TABLES
        TIME_ROUND_FRACTIONAL TRADITIONAL"""
    ),
}
"""The words of sql_mode that each vendor takes; MySQL 5.7 also takes those of MariaDB that came from it."""

_OF_5_7 = _words(
    """DB2 MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS ORACLE
    POSTGRESQL"""
)
FATAL_MODES: Mapping[str, str] = {
    "ORACLE": "its words are PL/SQL",
    "SIMULTANEOUS_ASSIGNMENT": "its UPDATEs assign all columns at once",
    "EMPTY_STRING_IS_NULL": "its empty strings are NULL",
}
"""Words of sql_mode without which the words of an object mean something else."""


def sql_modes(dialect: Dialect) -> frozenset[str]:
    """The words of sql_mode that servers of this dialect take."""
    known = SQL_MODES.get(dialect.vendor, frozenset())
    return known | _OF_5_7 if dialect.vendor == "mysql" and dialect.version < (8,) else known


# -- words -----------------------------------------------------------------------------------------------------------

RESERVED: tuple[tuple[str, tuple[int, ...], frozenset[str]], ...] = (
    (
        "mysql",
        (8, 0, 4),
        _words(
            """CUBE CUME_DIST DENSE_RANK EMPTY EXCEPT FIRST_VALUE GROUPING GROUPS LAG LAST_VALUE LEAD NTH_VALUE NTILE
            PERCENT_RANK RANK ROW_NUMBER SYSTEM"""
        ),
    ),
    ("mysql", (8, 0, 31), _words("INTERSECT")),
    ("mysql", (9,), _words("EXTERNAL LIBRARY QUALIFY TABLESAMPLE")),
    (
        "mariadb",
        (10, 6),
        _words(
            """DELETE_DOMAIN_ID DO_DOMAIN_IDS EXCEPT IGNORE_DOMAIN_IDS INTERSECT OFFSET PAGE_CHECKSUM PARSE_VCOL_EXPR
            PORTION REF_SYSTEM_ID RETURNING ROW_NUMBER STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES"""
        ),
    ),
    ("mariadb", (11, 7), _words("VECTOR")),
)
"""Words that a vendor reserves since a version and others do not, as far as they serve as names: each was tried."""


def reserved(dialect: Dialect) -> frozenset[str]:
    """Words of `RESERVED` that servers of this dialect reserve."""
    chosen = [words for vendor, since, words in RESERVED if vendor == dialect.vendor and dialect.version >= since]
    return frozenset().union(*chosen)
