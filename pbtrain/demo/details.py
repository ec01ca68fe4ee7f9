"""What is recorded of the demo's people beyond their names, what they say is wrong, and who looked.

ID numbers begin with 000000, a place that does not exist, so that none is anybody's.
"""

from datetime import date

from sqlalchemy import update
from stdnum.cn import ric

from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.demo.roster import MEMBER, World
from pbtrain.notify import services as notify
from pbtrain.org import data_reports, disclosures, members
from pbtrain.org.models import Member
from pbtrain.org.roles import Role

OCCUPATIONS = {
    "office": "official",
    "retired": "retired",
    "pasture": "farmer",
    "school": "specialist",
    "firm": "worker",
}
AWAY = (
    ("pasture", 12, "out", "示例市务工"),
    ("pasture", 15, "out", "示例区陪读"),
    ("firm", 10, "in", "示例旗"),
)
WITH_NUMBER = range(8)  # places on the office's roster


def id_number(born_on: date, sex: str, place: int) -> str:
    """A number with a right last digit, of a place that does not exist."""
    start = f"000000{born_on:%Y%m%d}{2 * place + (sex == 'M'):03}"
    return start + ric.calc_check_digit(f"{start}0")  # it wants a place for the digit


def add_details(world: World) -> None:
    """Occupations, ID numbers, who is away; a report that waits, one that was answered; a number opened."""
    admin, office = world.actor(world.staff[Role.UNIT_ADMIN]), world.people["office"]
    for key, category in OCCUPATIONS.items():
        ids = [person.id for person in world.people[key]]
        db.session.execute(update(Member).where(Member.id.in_(ids)).values(category=category))
    for place in WITH_NUMBER:
        person = office[place]
        members.change_member(admin, person.id, id_number=id_number(person.born_on, person.sex, place))
    for key, place, flow, where in AWAY:
        members.change_member(admin, world.people[key][place].id, flow=flow, flow_place=where)
    _report(world)
    audit.record(
        admin, disclosures.SHOWN, f"member:{office[MEMBER].id}", unit_id=world.units["office"],
        facts=["phone"], reason="示例：电话通知参加培训班",
    )  # fmt: skip


def _report(world: World) -> None:
    office = world.people["office"]
    asker, other = world.actor(office[MEMBER].account_id), world.actor(office[MEMBER + 1].account_id)
    data_reports.make_report(asker, subject="joined_on", text="示例：入党日期应为当年7月1日")
    report = data_reports.make_report(other, subject="phone", text="示例：手机号换了，新号已告诉书记")
    secretary, text = world.actor(office[0].account_id), "示例：已改好，请核对"
    data_reports.answer(secretary, report.id, state="mended", text=text)
    subject = in_chinese(
        N_("Wrong data: %(what)s · %(state)s"), what=in_chinese("Mobile number"), state=in_chinese("Mended")
    )
    notify.enqueue_many([notify.Note(other.account_id, f"wrong-data:{report.id}", subject, text, "/me/data")])
