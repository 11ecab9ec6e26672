from __future__ import annotations

from pathlib import Path

import pytest

from migrate.config import EXAMPLE_MYSQL, Config, Loaded, Options, describe, load, require_moves, resolve_secrets
from migrate.errors import BadConfig, MissingFile
from migrate.model.plan import EndpointRef, Move, S3Ref

SHOP = """
name = "shop"

[endpoint.old]
engine = "mysql"
host = "${OLD_HOST:-127.0.0.1}"
port = "${OLD_PORT}"
user = "app"
password = "${OLD_PW}"

[endpoint.new-one]
engine = "mysql"
ssl_verify = "${VERIFY:-false}"

[[move]]
from = "old:shop.*"
to = "new-one:shop_${STAGE}.*"
exclude = ["shop.tmp_*", "*.old"]
include = ["shop.*"]
where = { "shop.events" = "note <> '$$5' AND stage = '${STAGE}'", "shop.a$b" = "x REGEXP 'a$'" }

[options]
per_server = 2
"""
ENV = {"OLD_PORT": "3310", "OLD_PW": "hunter2", "STAGE": "test"}
MINIMAL = """
name = "shop"
[endpoint.old]
engine = "mysql"
[endpoint.new]
engine = "mysql"
"""
MOVE = '[[move]]\nfrom = "old:shop.*"\nto = "new:shop.*"\n'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, env: dict[str, str] | None = None, name: str = "migrate.toml") -> Loaded:
    Path(name).write_text(text, encoding="utf-8")
    return load(Path(name), ENV if env is None else env)


def refused(text: str, env: dict[str, str] | None = None, name: str = "migrate.toml") -> BadConfig:
    with pytest.raises(BadConfig) as caught:
        read(text, env, name)
    assert caught.value.exit_code == 78
    assert str(caught.value).startswith(f"{name}: ")
    return caught.value


# -- what a good configuration means -----------------------------------------------------------------------------------


def test_every_key_of_a_file_is_read_and_filled_in() -> None:
    config = read(SHOP).config
    assert config.name == "shop"
    assert config.endpoint == {
        "old": EndpointRef(engine="mysql", host="127.0.0.1", port=3310, user="app", password="${OLD_PW}"),
        "new-one": EndpointRef(engine="mysql", ssl_verify=False),
    }
    assert config.move == (
        Move(
            from_="old:shop.*",
            to="new-one:shop_test.*",
            include=("shop.*",),
            exclude=("shop.tmp_*", "*.old"),
            where={"shop.events": "note <> '$5' AND stage = 'test'", "shop.a$b": "x REGEXP 'a$'"},
        ),
    )
    assert config.options == Options(parallelism=8, per_server=2)


def test_origins_name_the_file_the_variable_and_the_default() -> None:
    origin = read(SHOP).origin
    assert origin["name"] == "migrate.toml"
    assert origin["endpoint.old.port"] == "migrate.toml, environment OLD_PORT"
    assert origin["endpoint.old.host"] == "migrate.toml"  # the default in the file, as OLD_HOST is not set
    assert origin["endpoint.old.ssl_ca"] == "default"
    assert origin["move[0].where"] == "migrate.toml, environment STAGE"
    assert origin["options.parallelism"] == "default"


def test_yaml_with_the_same_keys_means_the_same() -> None:
    yaml = """
name: shop
endpoint:
  old: {engine: mysql, host: "${OLD_HOST:-127.0.0.1}", port: "${OLD_PORT}", user: app, password: "${OLD_PW}"}
  new-one: {engine: mysql, ssl_verify: false}
move:
  - from: old:shop.*
    to: new-one:shop_${STAGE}.*
    exclude: [shop.tmp_*, "*.old"]
    include: [shop.*]
    where:
      shop.events: note <> '$$5' AND stage = '${STAGE}'
      shop.a$b: x REGEXP 'a$'
options:
  per_server: 2
"""
    assert read(yaml, name="migration.yaml").config == read(SHOP).config


def test_a_byte_order_mark_does_not_hurt() -> None:
    assert read("\ufeff" + MINIMAL).config.name == "shop"


def test_files_are_looked_for_in_order() -> None:
    Path("migration.yml").write_text("name: yml\nendpoint: {a: {engine: mysql}}")
    assert (load(None, {}).path, load(None, {}).config.name) == ("migration.yml", "yml")
    Path("migration.yaml").write_text("name: yaml\nendpoint: {a: {engine: mysql}}")
    assert load(None, {}).config.name == "yaml"
    Path("migrate.toml").write_text(MINIMAL)
    assert load(None, {"SOURCE_DB_HOST": "ignored"}).path == "migrate.toml"


def test_the_example_loads_once_its_variables_are_set() -> None:
    names = ("SOURCE_DB_USER", "TARGET_DB_USER")
    config = read(EXAMPLE_MYSQL, dict.fromkeys(names, "app")).config
    assert config.endpoint["old"].port == 3306
    assert config.endpoint["new"].password == "${TARGET_DB_PASSWORD}"
    assert config.move == (Move(from_="old:shop.*", to="new:shop.*"),)


def test_what_the_example_comments_out_loads_too() -> None:
    text = "\n".join(
        line[2:] if line.startswith("# ") and " = " in line else line for line in EXAMPLE_MYSQL.splitlines()[3:]
    )
    config = read(text, {"SOURCE_DB_USER": "app", "TARGET_DB_USER": "app"}).config
    assert config.endpoint["old"].ssl_cert == "client-cert.pem"
    assert config.move[0].where == {"shop.events": "created_at >= '2024-01-01'"}
    for key in ("include", "exclude", "existing", "compare"):
        assert getattr(config.move[0], key), key
    assert (config.options.dated_tables, config.options.definer) == (("shop.events_2024*",), "app@%")
    assert (config.move[0].dated_tables, config.move[0].definer) == (("shop.events_2024*",), "app@%")


def test_show_config_lists_every_key_in_order_and_masks_secrets() -> None:
    text = SHOP.replace('password = "${OLD_PW}"', 'password = "hunter2"')
    settings = describe(read("allow_literal_password = true\n" + text))
    shown = {setting.key: setting.value for setting in settings}
    assert "hunter2" not in repr(settings)
    assert shown["endpoint.old.password"] == "********"
    assert shown["endpoint.new-one.ssl_verify"] == "false"
    assert shown["move[0].from"] == "old:shop.*"
    assert shown["move[0].exclude"] == "shop.tmp_*, *.old"
    assert "endpoint.old.identity" not in shown
    assert [setting.key for setting in settings][:3] == ["name", "allow_literal_password", "endpoint.old.engine"]
    assert {s.key: s.value for s in describe(read(SHOP))}["endpoint.old.password"] == "${OLD_PW}"


# -- environment only --------------------------------------------------------------------------------------------------


def test_the_environment_alone_defines_source_target_and_one_move() -> None:
    env = {
        "SOURCE_DB_HOST": "a.example",
        "SOURCE_DB_PORT": "3307",
        "SOURCE_DB_USER": "app",
        "SOURCE_DB_PASSWORD": "hunter2",
        "SOURCE_DB_NAME": "my.shop$",
        "TARGET_DB_HOST": "b.example",
        "TARGET_DB_NAME": "shop2",
    }
    loaded = load(None, env)
    assert loaded.path == "environment"
    assert loaded.config.endpoint == {
        "source": EndpointRef(
            engine="mysql", host="a.example", port=3307, user="app", password="${SOURCE_DB_PASSWORD}"
        ),
        "target": EndpointRef(engine="mysql", host="b.example"),
    }
    assert loaded.config.move == (Move(from_="source:`my.shop$`.*", to="target:shop2.*"),)
    assert loaded.config.name == "my-shop-"
    assert loaded.origin["endpoint.source.host"] == "environment SOURCE_DB_HOST"
    assert loaded.origin["endpoint.target.port"] == "default"
    assert loaded.origin["move[0].to"] == "environment TARGET_DB_NAME"
    assert "hunter2" not in repr(describe(loaded))


def test_the_environment_with_one_side_gives_an_endpoint_to_analyze_and_no_move() -> None:
    config = load(None, {"SOURCE_DB_HOST": "h", "SOURCE_DB_NAME": "shop"}).config
    assert list(config.endpoint) == ["source"]
    assert config.move == ()


def test_a_configuration_without_moves_is_refused_where_moves_are_needed() -> None:
    require_moves(read(MINIMAL + MOVE))
    with pytest.raises(BadConfig) as caught:
        require_moves(read(MINIMAL))
    assert str(caught.value) == "migrate.toml: $.move: nothing says what moves"
    Path("migrate.toml").unlink()
    with pytest.raises(BadConfig) as caught:
        require_moves(load(None, {"SOURCE_DB_HOST": "h"}))
    assert caught.value.hint == "set SOURCE_DB_NAME and TARGET_DB_HOST"


def test_a_bad_port_in_the_environment_is_named() -> None:
    with pytest.raises(BadConfig) as caught:
        load(None, {"SOURCE_DB_PORT": "33o6"})
    assert str(caught.value) == "environment: $.endpoint.source.port: expected a whole number, got '33o6'"


def test_nothing_at_all_says_how_to_begin() -> None:
    with pytest.raises(MissingFile) as caught:
        load(None, {"PATH": "/bin"})
    assert caught.value.exit_code == 66
    assert str(caught.value) == "the configuration migrate.toml does not exist"
    assert "migrate init" in caught.value.hint


def test_a_named_file_that_is_missing_or_a_folder_is_said_so() -> None:
    with pytest.raises(MissingFile, match=r"the configuration shop\.toml does not exist"):
        load(Path("shop.toml"), ENV)
    Path("shop.toml").mkdir()
    with pytest.raises(MissingFile, match="cannot be read: Is a directory"):
        load(Path("shop.toml"), ENV)


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_a_password_stays_a_template_until_it_is_resolved() -> None:
    loaded = read(SHOP, {**ENV, "OLD_PW": "hu$$nter2"})
    assert "nter2" not in repr(loaded)
    assert resolve_secrets("old", loaded.config.endpoint["old"], {"OLD_PW": "hu$$nter2"}).password == "hu$$nter2"


def test_the_password_variable_may_be_missing_until_it_is_needed() -> None:
    loaded = read(SHOP, {"OLD_PORT": "1", "STAGE": "s"})
    with pytest.raises(BadConfig) as caught:
        resolve_secrets("old", loaded.config.endpoint["old"], {})
    assert str(caught.value) == "endpoint old: password: the environment variable OLD_PW is not set"
    assert caught.value.hint == "export OLD_PW=..."
    assert caught.value.exit_code == 78


def test_an_endpoint_without_password_resolves_to_none() -> None:
    ref = EndpointRef(engine="mysql", password="${PW:-}")
    assert resolve_secrets("a", EndpointRef(engine="mysql"), {}).password == ""
    assert resolve_secrets("a", ref, {}).password == ""


@pytest.mark.parametrize("password", ["hunter2", "${PW:-hunter2}", "x${PW}", "${PW", "$PW"])
def test_a_literal_password_is_refused_without_repeating_it(password: str) -> None:
    error = refused(SHOP.replace("${OLD_PW}", password))
    assert error.place == "$.endpoint.old.password"
    assert "written out" in str(error)
    assert "hunter2" not in str(error) + error.hint
    assert 'password = "${OLD_PASSWORD}"' in error.hint


def test_an_allowed_literal_password_is_kept_out_of_the_configuration() -> None:
    text = "allow_literal_password = true\n" + SHOP.replace("${OLD_PW}", "hu$$nter2").replace(
        "[endpoint.new-one]", '[endpoint.new-one]\npassword = "${X:-other}"'
    )
    loaded = read(text)
    assert loaded.config.endpoint["old"].password == "${OLD_PASSWORD}"
    assert loaded.config.endpoint["new-one"].password == "${NEW_ONE_PASSWORD}"
    assert loaded.secrets == {"old": "hu$nter2", "new-one": "other"}
    ref = loaded.config.endpoint["old"]
    assert resolve_secrets("old", ref, {"OLD_PASSWORD": "not this"}, loaded.secrets).password == "hu$nter2"
    assert resolve_secrets("old", ref, {"OLD_PASSWORD": "later"}).password == "later"


def test_two_literal_passwords_never_share_a_variable() -> None:
    text = """
name = "n"
allow_literal_password = true
[endpoint.a-b]
engine = "mysql"
password = "one"
[endpoint.a_b]
engine = "mysql"
password = "two"
"""
    assert "would both take their password from A_B_PASSWORD" in str(refused(text))


# -- what is refused, with its place -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"),
    [
        ('name = "shop"', 'nam = "shop"', "$.nam", "did you mean 'name'?"),
        ("exclude =", "exclud =", "$.move[0].exclud", "did you mean 'exclude'?"),
        ("port =", "prot =", "$.endpoint.old.prot", "did you mean 'port'?"),
        ("per_server =", '"per server" =', "$.options['per server']", "did you mean 'per_server'?"),
        (
            "exclude =",
            "partitons =",
            "$.move[0].partitons",
            "did you mean 'partitions'?",
        ),
        ("per_server =", "qqq =", "$.options.qqq", "known: parallelism, per_server, max_rate, dated_tables, definer"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(old: str, new: str, place: str, hint: str) -> None:
    error = refused(SHOP.replace(old, new, 1))
    assert (error.place, error.hint) == (place, hint)
    assert "unknown key" in str(error)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (MINIMAL + '[endpoint.x]\nengine = "mysql"\nidentity = "exact"', "$.endpoint.x.identity"),
        (MINIMAL + MOVE + 'existing = "replace"', "$.move[0].existing"),
    ],
)
def test_what_a_later_version_will_do_is_no_typo(text: str, place: str) -> None:
    error = refused(text)
    assert error.place == place
    assert "not supported in this version" in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "$.name: is missing"),
        ('name = "a b"', "$.name: 'a b' is not a name that works here"),
        ('name = "../x"', "$.name: '../x' is not a name"),
        ("name = 3", "$.name: expected text, got a whole number"),
        ('name = "a"', "$.endpoint: no endpoint is defined"),
        ('name = "a"\nendpoint = 3', "$.endpoint: expected a table"),
        ('name = "a"\n[endpoint]\nold = 3', "$.endpoint.old: expected a table, got a whole number"),
        ('name = "a"\n[endpoint."o:d"]\nengine = "mysql"', "$.endpoint['o:d']: 'o:d' is not a name"),
        ('name = "a"\n[endpoint.old]\nhost = "h"', "$.endpoint.old.engine: is missing"),
        ('name = "a"\n[endpoint.old]\nengine = "oracle"', "$.endpoint.old.engine: unknown engine 'oracle'"),
        (
            'name = "a"\n[endpoint.old]\nengine = "mysql"\nport = "3306"',
            "$.endpoint.old.port: expected a whole number, got",
        ),
        (
            'name = "a"\n[endpoint.old]\nengine = "mysql"\nport = true',
            "$.endpoint.old.port: expected a whole number, got",
        ),
        ('name = "a"\n[endpoint.old]\nengine = "mysql"\nport = 70000', "$.endpoint.old.port: 70000 is not a port"),
        ('name = "a"\n[endpoint.old]\nengine = "mysql"\nhost = ""', "$.endpoint.old.host: is empty"),
        (
            'name = "a"\n[endpoint.old]\nengine = "mysql"\nssl_key = "k"',
            "$.endpoint.old: ssl_cert and ssl_key go together",
        ),
        ('name = "a"\n[endpoint.old]\nengine = "mysql"\npassword = 12', "$.endpoint.old.password: expected text, got"),
        (MINIMAL + "[options]\nparallelism = 0", "$.options.parallelism: 0 is not between 1 and 1000"),
        (MINIMAL + "[options]\nparallelism = 2.5", "$.options.parallelism: expected a whole number, got a number"),
        (
            MINIMAL + '[options]\nparallelism = "${OLD_PW}"',
            "$.options.parallelism: expected a whole number, got 'hunter2'",
        ),
        (MINIMAL + '[move]\nfrom = "a"', "$.move: expected a list of tables"),
        (MINIMAL + '[[move]]\nto = "new:a.b"', "$.move[0].from: is missing"),
        (MINIMAL + MOVE + "exclude = 'shop.x'", "$.move[0].exclude: expected a list, got text"),
        (MINIMAL + MOVE + "exclude = ['shop.x', 3]", "$.move[0].exclude[1]: expected text, got a whole number"),
        (MINIMAL + MOVE + "exclude = ['tmp_x']", "$.move[0].exclude: 'tmp_x' matches no table"),
        (MINIMAL + MOVE + 'where = { shop.events = "x" }', "$.move[0].where[...]: expected text, got a table"),
        (MINIMAL + MOVE + 'where = { "shop.events" = " " }', "$.move[0].where['shop.events']: the condition is empty"),
        (MINIMAL + MOVE + 'existing = "merge"', "$.move[0].existing: Invalid enum value 'merge'"),
        (MINIMAL + MOVE + 'compare = "${NOPE}"', "$.move[0].compare: the environment variable NOPE is not set"),
        (MINIMAL + MOVE + "exclude = ['a.b', '${NO PE}']", "$.move[0].exclude[1]: cannot read '${NO PE}'"),
        (MINIMAL + MOVE + 'where = { "a.b" = "${A:-${B}}" }', "$.move[0].where['a.b']: cannot read '${A:-${B}'"),
        (MINIMAL + MOVE + 'where = { "a.b" = "x = \'${\'" }', "$.move[0].where['a.b']: cannot read '${'"),
        (MINIMAL + MOVE.replace("old:", "odl:"), "$.move[0].from: there is no endpoint 'odl'"),
        (MINIMAL + MOVE + MOVE.replace("new:", "knew:"), "$.move[1].to: there is no endpoint 'knew'"),
        (MINIMAL + MOVE.replace("old:shop.*", "shop.*"), "$.move[0].from: cannot read the pattern 'shop.*'"),
        (MINIMAL + MOVE.replace("new:shop.*", "new:shop"), "$.move[0].to: cannot read the pattern 'new:shop'"),
        (MINIMAL + MOVE.replace("new:shop.*", "new:shop.t_*"), "$.move[0].to: the table 't_*' is a pattern"),
        (MINIMAL + MOVE.replace("new:shop.*", "new:s?.*"), "$.move[0].to: the schema 's?' is a pattern"),
        (MINIMAL + MOVE.replace("new:shop.*", "new:shop.all"), "would all become the one table 'new:shop.all'"),
        (MINIMAL + MOVE.replace("new:shop.*", "old:*.*"), "$.move[0]: 'old:shop.*' would move onto itself"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str) -> None:
    assert message in str(refused(text))


def test_names_that_hold_pattern_signs_are_allowed_in_backticks() -> None:
    move = MOVE.replace("old:shop.*", "old:shop.`a*`").replace("new:shop.*", "new:shop.`b*`")
    assert read(MINIMAL + move).config.move[0].to == "new:shop.`b*`"


def test_hints_point_to_the_nearest_endpoint_and_to_quotes() -> None:
    assert refused(MINIMAL + MOVE.replace("old:", "odl:")).hint == "did you mean 'old'?"
    assert "quotes" in refused(MINIMAL + MOVE + 'where = { shop.events = "x" }').hint
    assert refused('name = "a"\n[endpoint.m]\nengine = "mariadb"').hint == "this version knows mysql, lake"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "a"\nname = "b"\n', "migrate.toml: it is not TOML: Cannot overwrite a value (at line 2, column 11)"),
        ("a = [\n  1,\n  x", "(at line 3, column 3)"),
        ("a = " + "[" * 5000, "it is not TOML: nested too deeply"),
        ("a = " + "9" * 9000, "it is not TOML: Exceeds the limit"),
    ],
)
def test_broken_toml_is_refused_with_line_and_column(text: str, message: str) -> None:
    assert message in str(refused(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [shop\nx: 1\n", "it is not YAML: expected ',' or ']', but got ':' (at line 2, column 2)"),
        ("name: a\nname: b\n", "it is not YAML: the key 'name' twice (at line 2, column 1)"),
        ("name: !!python/object:x {}\n", "could not determine a constructor"),
        ("name: 2024-02-31\n", "it is not YAML: day is out of range"),
        ("name: \x01\n", "special characters are not allowed"),
        ("- a\n", "$: expected a table, got a list"),
        ("", "$: expected a table, got nothing"),
        ("? [a, b]\n: c\n", "it is not YAML: found unhashable key"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("name: yes\n", "$.name: expected text, got true or false"),
        (
            "name: a\nendpoint: {old: {engine: mysql, user: no}}",
            "$.endpoint.old.user: expected text, got true or false",
        ),
        (
            "name: a\nendpoint: {old: {engine: mysql, user: 2024-01-01}}",
            "$.endpoint.old.user: expected text, got a date",
        ),
        ("name: a\nendpoint: {old: {engine: mysql, user: }}", "$.endpoint.old.user: expected text, got nothing"),
        ("name: a\nendpoint: {old: {engine: mysql}}\nmove:\n", "$.move: expected a list of tables"),
        ("name: a\nendpoint: {1: {engine: mysql}}", "$.endpoint[1]: 1 is not a name"),
        ("name: a\n3: x\nendpoint: {o: {engine: mysql}}", "$[3]: unknown key"),
    ],
)
def test_broken_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    assert message in str(refused(text, name="migration.yaml"))


def test_yaml_words_that_are_booleans_get_the_advice_to_quote_them() -> None:
    assert refused("name: on\n", name="c.yml").hint == "put it in quotes"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    Path("migrate.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(BadConfig, match="byte 9 is not UTF-8"):
        load(None, {})


def test_a_variable_that_is_not_utf8_is_refused_without_its_value() -> None:
    error = refused(SHOP, {**ENV, "STAGE": "s\udcffecret"})
    assert str(error) == "migrate.toml: $.move[0].to: the value is not valid UTF-8"


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
    for kind in (Config, EndpointRef, Move, Options, S3Ref):
        for key in kind.__struct_encode_fields__:
            assert f"`{key}`" in page or f"[{key}" in page or f"NAME.{key}" in page, key
