"""A closed year as a file: it proves itself, and a changed byte shows wherever it stands."""

import io
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from pbtrain.closing import export, manifest, sealing
from pbtrain.core.db import db, transaction
from pbtrain.hours.models import Book, HourEntry
from pbtrain.org.models import Unit
from pbtrain.org.roles import Role
from tests.closing.conftest import APRIL, MARCH, line, post, reverse, seal, sign_all
from tests.support.pages import said

BYTES = 400  # changed one by one, seeded
TOP = Path(__file__).parents[2]


def test_a_code_is_eighty_bits_without_letters_that_look_alike():
    digest = "0f" * 32
    code = manifest.short_code(digest)
    assert code == "1W7GY3RF1W7GY3RF"[:16]
    assert len(code) == 16
    assert not set(code) & set("ILOU")
    assert manifest.typed(manifest.spaced(code).lower()) == code
    assert manifest.typed("o1-Il") == "0111"
    assert manifest.short_code("f" * 64) == "Z" * 16
    assert manifest.short_code("0" * 63 + "1") == "0" * 16


@pytest.fixture
def file(make, root, branch, january):
    """Two branches in a group below the root, closed, as bytes; names stand nowhere in it."""
    group = make.unit("示例总支", parent=root, kind="general_branch")
    other = make.unit("示例第二支部", parent=group)
    one, two, three = make.member(branch, name="示例乌兰"), make.member(branch), make.member(other)
    ids = post(line(one, day=MARCH), line(two, day=MARCH), line(three, day=APRIL)).entry_ids
    reverse(ids[1])
    for unit in (branch, other):
        sign_all(unit)
        seal(unit)
    actor = make.actor(make.person(Role.UNIT_AUDITOR, root))
    sealing.close(actor, group.id, 2026)
    sealing.close(actor, root.id, 2026)
    return "".join(export.records(root.id, 2026)).encode()


def proved(data):
    return manifest.check(io.BytesIO(data))


def test_an_exported_year_proves_itself(file, root):
    found = proved(file)
    assert (found.unit, found.year, found.units, found.lines) == (root.name, 2026, 4, 4)
    assert found.totals["branches"] == 2
    assert found.totals["person_times"] == 2
    assert "乌兰".encode() not in file
    assert b"\\u4e4c\\u5170" not in file
    with pytest.raises(LookupError):
        list(export.records(root.id, 2025))


def test_a_branch_alone_is_a_file_too(file, branch):
    found = proved("".join(export.records(branch.id, 2026)).encode())
    assert (found.units, found.lines) == (1, 3)


def test_any_changed_byte_is_found(file):
    draw = random.Random(20270112)
    for place in sorted(draw.sample(range(len(file)), min(BYTES, len(file)))):
        changed = bytearray(file)
        changed[place] = changed[place] ^ draw.choice((1, 2, 4, 16, 32))
        at = file[:place].count(b"\n") + 1
        with pytest.raises(manifest.Forged) as forged:
            proved(bytes(changed))
        if changed[place] != 10 and file[place] != 10:
            shows = {at, 2} if at == 1 else {at}  # the digest in line 1 is what line 2 is held to
            assert forged.value.line in shows, f"byte {place}: {forged.value}"


def test_cut_lengthened_and_swapped_files_are_refused(file):
    lines = file.splitlines(keepends=True)
    for broken in (
        b"",
        file[:-1],
        file + b"\n",
        file + lines[-1],
        b"".join(lines[:-1]),
        b"".join(lines[1:]),
        file.replace(b"\n", b"\r\n"),
        *(b"".join(lines[:n] + lines[n + 1 :]) for n in range(len(lines))),
        *(b"".join([*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]) for n in range(len(lines) - 1)),
    ):
        with pytest.raises(manifest.Forged):
            proved(broken)


def test_a_forger_who_recomputes_a_line_is_caught_by_the_next_one(file):
    lines = file.decode().splitlines()
    at = next(n for n, text in enumerate(lines) if re.match(r"[0-9a-f]{64} 1\|", text))
    text = lines[at].split(" ", 1)[1].replace("|90|200|", "|180|400|")
    lines[at] = f"{manifest.chain.digest(text)} {text}"
    with pytest.raises(manifest.Forged, match="not chained") as forged:
        proved(("\n".join(lines) + "\n").encode())
    assert forged.value.line == at + 2


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "null", "1", "[" * 5000,
     '{"pbtrain":"year seal","totals":{},"unit":{},"version":1,"year":1}',
     '{"book":7,"pbtrain":"year seal","totals":7,"unit":{"id":1,"name":"x"},"version":1,"year":2026}'],
)  # fmt: skip
def test_a_file_of_somebody_elses_making_is_refused_with_a_sentence(text):
    data = f"{manifest.head(manifest.chain.digest(text))}\n{text}\n".encode()
    with pytest.raises(manifest.Forged):
        proved(data)


def test_it_is_proved_without_database_and_framework(file, tmp_path):
    path = tmp_path / "year.txt"
    path.write_bytes(file)
    code = file.split(b" ")[3].split(b"\n")[0].decode()
    command = [sys.executable, "-m", "pbtrain.closing.manifest", str(path)]

    def run(*more):
        return subprocess.run([*command, *more], cwd=TOP, capture_output=True, text=True, timeout=60)

    good = run(manifest.spaced(code))
    assert good.returncode == 0, good.stderr
    assert manifest.spaced(code) in good.stdout
    assert run("0000-0000-0000-0000").returncode == 1
    path.write_bytes(file.replace(b"|90|200|", b"|91|200|", 1))
    bad = run()
    assert bad.returncode == 1
    assert "was changed" in bad.stderr
    loaded = (
        "import sys, pbtrain.closing.manifest; print('flask' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", loaded], cwd=TOP, capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "False False"


def test_the_commands(app, file, root, tmp_path):
    runner, path = app.test_cli_runner(), tmp_path / "year.txt"
    db.session.rollback()
    made = runner.invoke(args=["hours", "export-year", str(root.id), "2026", str(path)])
    assert made.exit_code == 0, made.output
    assert path.read_bytes() == file
    good = runner.invoke(args=["hours", "verify-manifest", str(path)])
    assert good.exit_code == 0, good.output
    path.write_bytes(file[:-3] + b"0\n")
    bad = runner.invoke(args=["hours", "verify-manifest", str(path)])
    assert bad.exit_code == 1
    assert runner.invoke(args=["hours", "export-year", str(root.id), "2025", str(path)]).exit_code == 1


def test_the_page_knows_the_genuine_file_and_refuses_a_forged_one(make, file, root, branch, client_for):
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    year = said(client.get(f"/units/{root.id}/years/2026"))
    code = manifest.spaced(proved(file).code)
    assert code in year
    given = client.get(f"/units/{root.id}/years/2026/export")
    assert given.get_data() == file
    assert "attachment" in given.headers["Content-Disposition"]

    def send(data):
        return client.post("/seals/proof", data={"file": (io.BytesIO(data), "year.txt")})

    assert "核验无误" in said(send(file))
    forged = said(send(file.replace(b"|90|200|", b"|91|200|", 1)), 422)
    assert "第 1 笔被改动过" in forged
    assert "文件第" in forged
    assert client.post("/seals/proof").status_code == 422
    text = manifest.canonical({**json.loads(file.decode().splitlines()[1]), "sealed_by": "0" * 32})
    other = f"{manifest.head(manifest.chain.digest(text))}\n{text}\n" + "".join(
        piece + "\n" for piece in file.decode().splitlines()[2:]
    )
    assert "本平台没有封存过这样的年度" in said(send(other.encode()), 422)
    ledger = said(client.get(f"/branches/{branch.id}/reports/ledger/print?year=2026"))
    assert "年度已封存，封存码" in ledger


def test_a_branch_that_became_a_level_keeps_its_book(make, root, branch, january):
    member = make.member(branch)
    post(line(member, day=MARCH))
    sign_all(branch)
    with transaction() as session:
        session.execute(update(Unit).where(Unit.id == branch.id).values(kind="general_branch"))
    below = make.unit("示例分出支部", parent=branch)
    sign_all(below)
    seal(below)
    actor = make.actor(make.person(Role.UNIT_AUDITOR, root))
    sealing.close(actor, branch.id, 2026)
    found = proved("".join(export.records(branch.id, 2026)).encode())
    assert (found.units, found.lines, found.totals["branches"]) == (2, 1, 2)
    assert db.session.scalars(select(Book.sealed_at).where(Book.unit_id == branch.id)).one() is not None
    assert db.session.scalars(select(HourEntry.seq)).all() == [1]
