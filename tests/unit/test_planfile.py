from __future__ import annotations

import os
import random
import re
import resource
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import planfile
from migrate.errors import BadPlan, BrokenPlan, BrokenSeal, CannotWrite, MissingFile, UsageError, WrongDigest
from migrate.model.plan import (
    Batch,
    CheckForeignKeys,
    CopyFiles,
    Ddl,
    EndpointRef,
    Estimate,
    FilePart,
    Finding,
    InsertSelect,
    LoadRows,
    Move,
    Plan,
    PlannedObject,
    S3Ref,
    SetAutoIncrement,
    Swap,
    SyncRows,
    Verify,
)
from tests.unit.sample_plan import PLAN, STEPS

EXAMPLES = Path(__file__).parents[2] / "plans" / "examples"
SEALED = planfile.seal(PLAN)
TEXT = planfile.encode(SEALED)

# What breaks TOML writers: quotes and backslashes at an end, line ends of every kind, control characters, other planes.
_QUOTES = ('"', '"""', '""""', "'''", "\\", "\\\\", "\\n", "\n", "\r\n", "\r", "\n\n", "\t", " ")
_OTHERS = ("\x00", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\uffff", "😀", "한글", "é")
_TOML = ("[[step]]", "\n[[step]]\n", "id = ", "#", "${X}", "$$", "=", "a")
_PIECES = st.sampled_from((*_QUOTES, *_OTHERS, *_TOML))
HOSTILE = st.lists(_PIECES | st.characters(exclude_categories=["Cs"]), max_size=12).map("".join)


def plan_of(*texts: str) -> Plan:
    """One plan with each of seven texts in every kind of place a text can stand."""
    a, b, c, d, e, f, g = texts
    return planfile.seal(
        Plan(
            name=a,
            endpoint={
                b: EndpointRef(
                    engine=c,
                    host=d,
                    user=e,
                    password=f,
                    s3=S3Ref(endpoint=g),
                    bucket={a: S3Ref(region=b), "x": S3Ref(c)},
                )
            },
            move=(Move(from_=a, to=b, exclude=(c, d), where={e: f, "x": g}), Move(from_=g, to=f)),
            object=(PlannedObject(name=b, start=c, source=d),),
            step=(
                Ddl(id="1" + e, target=f, blocked=g, action="create-table", sql=a),
                LoadRows(
                    id="2" + a, source=b, target=c, after=("1" + e,), protocol="transactional", key=(d, g), where=f
                ),
                Ddl(id="3", target=b, action="create-table", sql=f"\n{c}\r\n{d}"),
                CopyFiles(
                    id="4",
                    source=a,
                    target=b,
                    origin=c,
                    goal=d,
                    way="stream",
                    part=(FilePart(e, 1, 2, f), FilePart(g, 0, 0, a, b)),
                    estimate=Estimate(1, 2),
                ),
                InsertSelect(
                    id="5",
                    source=a,
                    target=b,
                    aside=c,
                    goal=d,
                    batch=(Batch((e, f)), Batch((g,))),
                    session={a: b, "x": c},
                ),
                Swap(id="6", source=a, target=b, aside=c, sql=(d, e), undo=(f, g, a), part=(FilePart(b, 1, 2, c),)),
            ),
            finding=(Finding(code=d, level="lossy", object=e, text=f),),
        )
    )


@settings(max_examples=400, deadline=None)
@given(st.tuples(*[HOSTILE] * 7))
def test_hostile_texts_survive_encode_and_decode_byte_for_byte(texts: tuple[str, ...]) -> None:
    plan = plan_of(*texts)
    text = planfile.encode(plan)
    decoded = planfile.decode(text, "p")
    assert decoded == plan
    assert planfile.encode(decoded) == text
    assert planfile.decode(text.encode().replace(b"\n", b"\r\n").decode(), "p") == plan


def test_sample_reads_as_a_person_would_write_it() -> None:
    assert TEXT.startswith(
        f'format = 1\nname = "shop"\ndigest = "{SEALED.digest}"\nparallelism = 8\nper_server = 4\n\n[endp'
    )
    seal = SEALED.step[2].seal
    assert (
        f"""

[[step]]
id = "create-table:new:shop.orders"
kind = "ddl"
action = "create-table"
target = "new:shop.orders"
after = ["create-schema:new:shop"]
risk = "safe"
seal = "{seal}"
sql = \"\"\"
CREATE TABLE `shop`.`orders` (
  `id` bigint unsigned NOT NULL,
  `customer` bigint unsigned NOT NULL,
  `amount` decimal(12,2) NOT NULL DEFAULT '0.00',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB COMMENT='first line\\r
second line'\"\"\"

[[step]]
"""
        in TEXT
    )
    assert TEXT.endswith("\n")
    assert "\n\n\n" not in TEXT


def test_same_plan_gives_same_bytes_whatever_the_order_of_its_endpoints() -> None:
    turned = msgspec.structs.replace(PLAN, endpoint=dict(reversed(PLAN.endpoint.items())))
    assert planfile.encode(planfile.seal(turned)) == TEXT


def test_sealing_twice_changes_nothing() -> None:
    assert planfile.seal(SEALED) == SEALED


def test_decoded_plan_has_the_digest_of_the_one_that_was_built() -> None:
    bare = msgspec.structs.replace(planfile.decode(TEXT, "p"), digest="")
    assert planfile.seal(bare).digest == SEALED.digest


def test_estimates_are_outside_seals_and_digest() -> None:
    steps = tuple(msgspec.structs.replace(step, estimate=Estimate(rows=7, bytes=9)) for step in PLAN.step)
    other = planfile.seal(msgspec.structs.replace(PLAN, step=steps))
    assert other.digest == SEALED.digest
    assert [step.seal for step in other.step] == [step.seal for step in SEALED.step]
    assert planfile.decode(TEXT.replace("rows = 1200000", "rows = 1300000"), "p").digest == SEALED.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("per_server = 4", "per_server = 5"), ('code = "MG301"', 'code = "MG105"'), ("3306", "3308"), ("h1:5e", "h1:6e")],
)
def test_edit_outside_the_steps_breaks_the_digest(old: str, new: str) -> None:
    with pytest.raises(BrokenSeal, match="outside the steps") as caught:
        planfile.decode(TEXT.replace(old, new, 1), "plans/shop.toml")
    assert caught.value.exit_code == 65


def test_step_left_out_breaks_the_digest() -> None:
    blocks = TEXT.split("\n\n")
    del blocks[next(i for i, block in enumerate(blocks) if 'id = "set-auto-increment' in block)]
    with pytest.raises(BrokenSeal, match="outside the steps"):
        planfile.decode("\n\n".join(blocks), "p")


def test_edited_step_is_named() -> None:
    with pytest.raises(BrokenSeal) as caught:
        planfile.decode(TEXT.replace("decimal(12,2)", "decimal(13,2)"), "plans/shop.toml")
    assert str(caught.value) == (
        "plans/shop.toml: the seal is broken: step 'create-table:new:shop.orders' (number 3 in the file) "
        "is not what `migrate plan` wrote"
    )


def test_edited_step_id_is_named_by_its_position() -> None:
    with pytest.raises(BrokenSeal, match=r"number 4 in the file"):
        planfile.decode(TEXT.replace('id = "load-rows:new:shop.customers"', 'id = "load-rows:new:shop.consumers"'), "p")


def owners(text: str) -> list[tuple[str, bool]]:
    """For each byte: the id of the step it stands in (empty: none), and whether it is sealed (not in an estimate)."""
    out: list[tuple[str, bool]] = []
    ids = iter([step.id for step in STEPS])
    owner, sealed = "", True
    for line in text.splitlines(keepends=True):
        if header := re.match(r"\[", line) is not None:
            sealed = line != "[step.estimate]\n"
            owner = next(ids) if line == "[[step]]\n" else owner if not sealed else ""
        # a header is a matter of the document: without it the lines below belong to the step before
        out += [("" if header else owner, sealed)] * len(line.encode())
    return out


def read_or_refusal(path: Path) -> Plan | BadPlan:
    try:
        return planfile.read(path)
    except BadPlan as error:
        return error


@pytest.mark.parametrize("seed", range(4))
def test_one_changed_byte_is_refused_or_means_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    raw = TEXT.encode()
    path = tmp_path / "plan.toml"
    owner_of = owners(TEXT)
    places = [place for place, (_, sealed) in enumerate(owner_of) if sealed]
    named = 0
    for place in sorted(chance.sample(places, 300)):
        byte = chance.choice([*b"\"\\#[]=\n\r \t\x00\xff\x80.0a{'", raw[place] ^ 1, raw[place] ^ 32])
        changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
        path.write_bytes(changed)
        refusal = read_or_refusal(path)
        if isinstance(refusal, Plan):
            assert refusal == SEALED
            continue
        assert refusal.exit_code == 65
        if owner := owner_of[place][0]:
            named += 1
            number = [step.id for step in STEPS].index(owner) + 1
            line = changed[:place].count(b"\n") + 1
            assert f"number {number} in the file" in str(refusal), f"{refusal} (line {line}, {byte:#x})"
    assert named > 100


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t.replace("format = 1", "format = 2"), "written by a newer migrate (format 2, this one reads 1)"),
        (lambda t: t.replace("format = 1\n", ""), "`format = 1` is missing"),
        (lambda t: t.replace("format = 1", "format = true"), "`format = 1` is missing"),
        (lambda _: "", "`format = 1` is missing"),
        (lambda t: t.replace('name = "shop"', "name = shop", 1), "(at line 2, column 8)"),
        (lambda t: t.replace("port = 3307", 'port = "3307"'), "$.endpoint[...].port: Expected `int`, got `str`"),
        (
            lambda t: t.replace('risk = "safe"', 'risky = "safe"', 1),
            "step 'create-schema:new:shop' (number 1 in the file)",
        ),
        (lambda t: t.replace('kind = "verify"', 'kind = "swap"'), "step 'verify:new:shop.customers' (number 8"),
        (lambda t: t.replace("[[finding]]", "[[findings]]"), "$: Object contains unknown field `findings`"),
        (lambda t: t.replace("[[finding]]", "[finding]"), "$.finding: Expected `array`, got `object`"),
        (lambda t: t.replace("per_server = 4", "per_server = " + "[" * 3000), "nested too deeply"),
        (lambda t: t.replace("per_server = 4", "per_server = " + "9" * 9000), "limit"),
        (lambda t: "format = 1\nstep = [1]\n" + t[:0], "number 1 in the file"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(change: object, why: str) -> None:
    assert callable(change)
    with pytest.raises(BrokenPlan) as caught:
        planfile.decode(change(TEXT), "plans/shop.toml")
    assert str(caught.value).startswith("plans/shop.toml is not a plan: ")
    assert why in str(caught.value)
    assert caught.value.exit_code == 65


def test_lone_surrogate_is_refused_with_its_place() -> None:
    broken = msgspec.structs.replace(STEPS[0], target="new:\udc80shop")
    plan = msgspec.structs.replace(PLAN, step=(broken,))
    for use in (planfile.seal, planfile.encode):
        with pytest.raises(BadPlan, match=r"\$\.step\[0\]\.target holds a character that UTF-8 does not have"):
            use(plan)


def test_seal_refuses_steps_out_of_order_and_twice_the_same_id() -> None:
    with pytest.raises(ValueError, match="stands before"):
        planfile.seal(msgspec.structs.replace(PLAN, step=STEPS[::-1]))
    with pytest.raises(ValueError, match="two steps have the id"):
        planfile.seal(msgspec.structs.replace(PLAN, step=(STEPS[0], STEPS[0])))


def test_written_plan_reads_back_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "plans" / "deep" / "shop.toml"
    planfile.write(path, SEALED)
    planfile.write(path, SEALED)
    assert path.read_bytes() == TEXT.encode()
    assert planfile.read(path) == SEALED
    assert [p.name for p in path.parent.iterdir()] == ["shop.toml"]


def test_write_follows_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "real.toml")
    planfile.write(link, SEALED)
    assert link.is_symlink()
    assert (tmp_path / "real.toml").read_bytes() == TEXT.encode()


def test_unsealed_plan_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BrokenSeal):
        planfile.write(tmp_path / "p.toml", PLAN)
    with pytest.raises(BrokenSeal):
        planfile.write(tmp_path / "p.toml", msgspec.structs.replace(SEALED, digest=""))
    assert list(tmp_path.iterdir()) == []


def test_write_that_fails_keeps_the_old_plan(tmp_path: Path) -> None:
    path = tmp_path / "plans"
    path.mkdir()
    (path / "old").write_text("kept")
    with pytest.raises(CannotWrite, match=r"the plan .* cannot be written") as caught:
        planfile.write(path, SEALED)  # a folder stands there
    assert caught.value.exit_code == 1
    assert [p.name for p in tmp_path.iterdir()] == ["plans"]
    assert (path / "old").read_text() == "kept"
    with pytest.raises(CannotWrite):
        planfile.write(path / "old" / "p.toml", SEALED)


def test_write_that_fills_the_disk_keeps_the_old_plan(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(CannotWrite, match="File too large"):
            planfile.write(path, SEALED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["p.toml"]
    assert path.read_text() == "old"


def test_missing_plan_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        planfile.read(tmp_path / "none.toml")
    assert caught.value.exit_code == 66
    assert str(caught.value) == f"the plan {tmp_path}/none.toml does not exist"
    assert "migrate plan" in caught.value.hint
    with pytest.raises(MissingFile, match="cannot be read: Is a directory"):
        planfile.read(tmp_path)


def test_bytes_that_are_not_utf8_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b'format = 1\nname = "\xff"\n')
    with pytest.raises(BrokenPlan, match="line 2 is not UTF-8"):
        planfile.read(path)


@pytest.mark.parametrize("cut", [(0, 71), (7, 71), (7, 19), (0, 30)])
def test_expected_digest_may_be_a_prefix(cut: tuple[int, int]) -> None:
    planfile.require_digest(SEALED, "p", SEALED.digest[slice(*cut)])
    planfile.require_digest(SEALED, "p", f" {SEALED.digest[slice(*cut)].upper()}\n")


def test_wrong_digest_is_refused() -> None:
    other = SEALED.digest[:-1] + ("0" if SEALED.digest[-1] != "0" else "1")
    with pytest.raises(WrongDigest) as caught:
        planfile.require_digest(SEALED, "plans/shop.toml", other)
    assert str(caught.value) == f"plans/shop.toml has digest {SEALED.digest}, approved was {other}"
    assert caught.value.exit_code == 65


@pytest.mark.parametrize("text", ["", "sha256:", "abcdef12345", "sha1:abcdef123456", "0" * 65, "latest"])
def test_what_is_no_digest_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        planfile.require_digest(SEALED, "p", text)
    assert caught.value.exit_code == 64


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [(0, 0), (7, 7), (99, 99), (100, 100), (104, 100), (105, 110), (994, 990), (995, 1000), (1_234_567, 1_200_000)],
)
def test_estimates_keep_two_digits(exact: int, rounded: int) -> None:
    assert planfile.round_estimate(exact) == rounded


def test_verify_and_load_keep_an_empty_key_apart_from_a_key_of_one_empty_name() -> None:
    one = Verify(id="v", source="s", target="t", key=())
    two = Verify(id="v", source="s", target="t", key=("",))
    digests = {planfile.seal(msgspec.structs.replace(PLAN, step=(step,))).digest for step in (one, two)}
    assert len(digests) == 2


def test_plan_file_takes_the_usual_permissions(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        planfile.write(tmp_path / "p.toml", SEALED)
    finally:
        os.umask(old)
    assert (tmp_path / "p.toml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: str(path.name))
def test_every_example_plan_decodes_and_encodes_byte_for_byte(path: Path) -> None:
    assert planfile.encode(planfile.read(path)).encode() == path.read_bytes()


def test_the_sample_is_among_the_examples() -> None:
    assert (EXAMPLES / "sample.toml").read_text(encoding="utf-8") == TEXT


def test_the_example_in_the_documentation_is_a_part_of_the_sample() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "plan-format.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        assert block in TEXT


def test_every_field_of_a_plan_is_documented() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "plan-format.md").read_text(encoding="utf-8")
    parts = (Plan, EndpointRef, S3Ref, Move, PlannedObject, Estimate, Finding, FilePart, Batch)
    steps = (Ddl, LoadRows, SyncRows, SetAutoIncrement, CheckForeignKeys, Verify, CopyFiles, InsertSelect, Swap)
    for kind in (*parts, *steps):
        for key in kind.__struct_encode_fields__:
            assert f"`{key}`" in page or f".{key}]" in page or f"[{key}" in page or f"NAME.{key}." in page, (kind, key)
