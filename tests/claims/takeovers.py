"""What tests of sheets of earlier hours share: a row, a sheet of rows, its way to the ledger."""

import io

from sqlalchemy import func, select

from pbtrain.claims.models import Takeover, TakeoverRow
from pbtrain.claims.takeover import services
from pbtrain.core import queue
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.hours.models import HourEntry
from tests.roster import sheets


def row(member, **fields):
    """A line of the template for this member."""
    usual = {
        "姓名": member.name, "党员编号": member.code, "学习日期": "2026-03-05", "学习内容": "纸质台账第一课",
        "学习形式": "党课", "学习分钟": "90", "证明等级": "B",
    }  # fmt: skip
    return usual | fields


def as_csv(rows, encoding="utf-8-sig"):
    return sheets.text(rows).encode(encoding)


def send(actor, unit_id, data, *, platform_id=None, year=2026):
    """Send a sheet and let it be read; returns its id."""
    with transaction():
        batch_id = services.start(
            actor, unit_id, platform_id=platform_id, year=year, name="期初.csv", stream=io.BytesIO(data)
        )
    queue.run_waiting()
    return batch_id


def act(service, actor, batch_id, **more):
    database.session.rollback()
    version = database.session.scalar(select(Takeover.version).where(Takeover.id == batch_id))
    with transaction():
        service(actor, batch_id, version, **more)


def hand_in(actor, batch_id):
    act(services.hand_in, actor, batch_id, piece=None, reason="纸质台账存支部档案柜")


def batch(batch_id):
    database.session.rollback()
    return database.session.get(Takeover, batch_id, populate_existing=True)


def rows_of(batch_id):
    database.session.rollback()
    return list(
        database.session.scalars(
            select(TakeoverRow).where(TakeoverRow.takeover_id == batch_id).order_by(TakeoverRow.line)
        )
    )


def standing():
    database.session.rollback()
    return database.session.scalar(select(func.coalesce(func.sum(HourEntry.credit), 0)))
