"""The pages of sheets of earlier hours: sent, handed in, confirmed above, taken back."""

import io
from zipfile import ZipFile

from pbtrain.core import queue
from tests.claims.conftest import picture
from tests.claims.takeovers import as_csv, batch, hand_in, row, send, standing


def test_the_pages_from_the_sheet_to_the_ledger(db, client_for, place, people):
    secretary, above = client_for(place.secretary), client_for(place.above)
    assert secretary.get("/takeovers").status_code == 200
    template = secretary.get(f"/units/{place.branch.id}/takeovers/template.xlsx")
    with ZipFile(io.BytesIO(template.data)) as parts:
        assert "微党课" in parts.read("xl/worksheets/sheet1.xml").decode(), "offered in its drop-down"
    address = f"/units/{place.branch.id}/takeovers/new"
    assert secretary.post(address, data={"platform": "0", "year": "2026"}).status_code == 422
    data = as_csv([row(people[0]), row(people[1], 学习分钟="半天")])
    sent = secretary.post(
        address, data={"platform": "0", "year": "2026", "file": (io.BytesIO(data), "期初.csv")}
    )
    assert sent.status_code == 303, sent.text
    assert f'hx-get="{sent.location}/progress"' in secretary.get(sent.location).text
    bar = secretary.get(f"{sent.location}/progress")
    assert ("马上开始" in bar.text, "HX-Refresh" in bar.headers) == (True, False)
    queue.run_waiting()
    assert secretary.get(f"{sent.location}/progress").headers["HX-Refresh"] == "true"
    page = secretary.get(sent.location).text
    assert "请填 5 到 720 的整数" in page
    for show in ("good", "members"):
        assert people[0].name in secretary.get(f"{sent.location}?show={show}").text
    assert secretary.get(f"{sent.location}/refused.xlsx").data.startswith(b"PK")
    batch_id = int(sent.location.rsplit("/", 1)[1])
    assert above.get(f"/takeovers/above/{batch_id}").status_code == 404  # nobody above sees a draft
    empty = secretary.post(sent.location, data={"act": "submit", "version": "1", "reason": ""})
    assert empty.status_code == 422
    assert "请附上纸质台账的扫描件" in empty.text
    given = {"act": "submit", "version": "1", "scan": (io.BytesIO(picture(3)), "台账.jpg")}
    assert secretary.post(sent.location, data=given).status_code == 303
    assert "待上级确认" in above.get("/takeovers/above").text
    judge = f"/takeovers/above/{batch_id}"
    with above.get(f"{judge}/scan") as scan:
        assert scan.mimetype == "image/jpeg"
    version = str(batch(batch_id).version)
    assert above.post(judge, data={"act": "refuse", "version": version}).status_code == 422
    assert above.post(judge, data={"act": "confirm", "version": version}).status_code == 303
    again = above.post(judge, data={"act": "confirm", "version": version})
    assert again.status_code == 409
    assert place.above.name in again.text
    queue.run_waiting()
    assert "已入台账" in above.get(judge).text
    undo = {"act": "undo", "version": str(batch(batch_id).version), "reason": "台账抄错了"}
    assert above.post(judge, data=undo).status_code == 303
    queue.run_waiting()
    assert standing() == 0
    assert "台账抄错了" in secretary.get(sent.location).text


def test_its_pages_take_as_many_statements_for_many_rows_as_for_few(
    db, make, place, people, client_for, statements
):
    many = [make.member(place.branch, with_account=False) for _ in range(60)]
    few, full = (
        send(place.secretary, place.branch.id, as_csv([row(one) for one in some])) for some in (people, many)
    )
    counts = {}
    for batch_id in (few, full):
        hand_in(place.secretary, batch_id)
        for who, path in (
            (place.secretary, f"/takeovers/{batch_id}"),
            (place.secretary, f"/takeovers/{batch_id}?show=members"),
            (place.above, f"/takeovers/above/{batch_id}"), (place.above, "/takeovers/above"),
            (place.secretary, "/takeovers"),
        ):  # fmt: skip
            client = client_for(who)
            with statements() as sent:
                assert client.get(path).status_code == 200
            count = sent.of_page.count
            assert count <= 8, str(sent)
            counts.setdefault(path.replace(str(batch_id), ""), []).append(count)
    assert all(len(set(found)) == 1 for found in counts.values()), counts
