"""The dictionaries of the organisation: kinds of unit, fields, posts, stages. Keys are stored."""

from dataclasses import dataclass

from pbtrain.core.marks import N_
from pbtrain.org.roles import Role


@dataclass(frozen=True)
class UnitKind:
    """What may hold members, and what may hold units."""

    label: str
    has_members: bool
    has_units: bool


UNIT_KINDS = {
    "committee": UnitKind(N_("Committee"), has_members=False, has_units=True),  # 党委
    "general_branch": UnitKind(N_("General branch"), has_members=False, has_units=True),  # 党总支
    "branch": UnitKind(N_("Party branch"), has_members=True, has_units=False),  # 党支部
    "temporary_branch": UnitKind(N_("Temporary branch"), has_members=True, has_units=False),  # 临时党支部
    "leading_group": UnitKind(N_("Leading group"), has_members=False, has_units=True),  # 党组
    "academy": UnitKind(N_("Academy"), has_members=False, has_units=False),
}
WITH_MEMBERS = tuple(key for key, kind in UNIT_KINDS.items() if kind.has_members)
WITH_UNITS = tuple(key for key, kind in UNIT_KINDS.items() if kind.has_units)

FIELDS = {
    "rural": N_("Farming and herding"),
    "community": N_("Community"),
    "office": N_("Public office"),
    "state_firm": N_("State-owned enterprise"),
    "private_firm": N_("Non-public enterprise"),
    "school": N_("School"),
    "retired": N_("Retired"),
    "other": N_("Other"),
}

STAGES = {
    "activist": N_("Activist"),  # 积极分子
    "candidate": N_("Candidate for development"),  # 发展对象
    "probationary": N_("Probationary member"),  # 预备党员
    "full": N_("Full member"),  # 正式党员
}

CATEGORIES = {  # the occupations of the Party's yearly statistics (党内统计公报)
    "worker": N_("Worker or skilled service staff"),
    "specialist": N_("Professional or technical staff"),
    "manager": N_("Manager in an enterprise, institution or society"),
    "official": N_("Staff of Party and government offices"),
    "farmer": N_("Farmer, herder or fisher"),
    "student": N_("Student"),
    "retired": N_("Retired person"),
    "other": N_("Other occupation"),
}

FLOWS = {"in": N_("Flowed in"), "out": N_("Flowed out")}  # 流入, 流出: 流动党员

LEAVINGS = {
    "died": N_("Died"),
    "left": N_("Left the Party"),
    "moved": N_("Transferred to another organisation"),  # 组织关系转出
    "suspended": N_("Suspended"),  # 停止党籍
}


@dataclass(frozen=True)
class Status:
    """What is recorded of a member beside posts and care: its label and the tie of `hours.rules` it makes,
    with the tie's label. Two of one tie never hold on the same day."""

    label: str
    tie: str  # cadre or suspended
    detail: str = ""


STATUSES = {
    "cadre_township": Status(N_("Cadre of township rank or below"), "cadre", "year"),  # 乡科级
    "cadre_county": Status(N_("Cadre of county rank or above"), "cadre", "five_years"),  # 县处级
    "suspended": Status(N_("Membership suspended"), "suspended"),  # 停止党籍
    "abroad": Status(N_("Abroad"), "suspended"),  # 出国（境）
}
RANKS = tuple(key for key, status in STATUSES.items() if status.tie == "cadre")  # 干部级别

REPORTABLE = {  # what a member may say is wrong; the value: the label, and whether the secretary can mend it
    "phone": (N_("Mobile number"), True),
    "flow": (N_("Flow of members"), True),
    "name": (N_("Full name"), False),
    "sex": (N_("Sex"), False),
    "born_on": (N_("Birth date"), False),
    "id_number": (N_("ID number"), False),
    "joined_on": (N_("Joining date"), False),
    "stage": (N_("Stage"), False),
    "category": (N_("Occupation"), False),
    "branch": (N_("Branch"), False),
    "post": (N_("Post"), False),
    "hours": (N_("Study hours"), True),
    "other": (N_("Something else"), True),
}


@dataclass(frozen=True)
class PostKind:
    """Label, and the role the post brings by the kind of its unit."""

    label: str
    in_branch: Role | None = None
    in_committee: Role | None = None


POSTS = {
    "secretary": PostKind(N_("Secretary"), Role.BRANCH_SECRETARY, Role.UNIT_AUDITOR),  # 书记
    "deputy": PostKind(N_("Deputy secretary")),  # 副书记
    "committee_member": PostKind(N_("Committee member")),  # 委员
    "rotating_secretary": PostKind(N_("Rotating secretary"), Role.BRANCH_SECRETARY),  # 轮值书记
}

# Whose secretary watches over the units below: 党委, 党总支. A 党组 leads no branches.
BRINGS_AUDITOR = frozenset({"committee", "general_branch"})
