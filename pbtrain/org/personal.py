"""What is recorded of a person, why, and who sees it how: the one table behind pages and exports.

Reviewed by hand; a test compares it with what every export really holds. Membership of the Party is itself
sensitive (PIPL Art. 28), so even a name is shown only to those whose work in that unit needs it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import mask_phone
from pbtrain.core.marks import N_
from pbtrain.org.roles import Perm, Role

SHORTEST_REASON, LONGEST_REASON = 4, 200


class Shown(IntEnum):
    """How a fact about somebody else is shown, from nothing to all."""

    NEVER = 0
    MASKED = 1  # 138****0012, and no more
    ASK = 2  # masked; in full against a reason that is recorded and shown to the person
    FULL = 3


@dataclass(frozen=True)
class Fact:
    """One thing recorded of a member; `sees` names the roles that see it, all others never do."""

    label: str
    kind: str  # a key of KINDS
    why: str
    sees: dict[Role, Shown]


KINDS = {
    "work": N_("Data of the organisation"),
    "person": N_("Data of the person"),
    "contact": N_("How to reach somebody"),
    "identity": N_("Proof of identity"),
    "health": N_("Health and hardship"),
}
SECRETARY, ADMIN, SYSTEM = Role.BRANCH_SECRETARY, Role.UNIT_ADMIN, Role.SYSTEM_ADMIN
AUDITOR = Role.UNIT_AUDITOR
ROSTER = dict.fromkeys((SECRETARY, ADMIN, SYSTEM), Shown.FULL)
OVERSIGHT = ROSTER | {AUDITOR: Shown.FULL}
NOMINATION = OVERSIGHT | {Role.ACADEMY_ADMIN: Shown.FULL}  # within the academy's service area
LEDGER = {SECRETARY: Shown.FULL, ADMIN: Shown.FULL, AUDITOR: Shown.FULL}
ON_REQUEST = {SECRETARY: Shown.ASK, ADMIN: Shown.ASK, SYSTEM: Shown.ASK}
KEEPERS = {SECRETARY: Shown.MASKED, ADMIN: Shown.ASK, SYSTEM: Shown.ASK}
APART = N_("To tell people of one name apart.")
STATISTICS = N_("For the Party's yearly statistics.")
AWAY = N_("Who studies away from home is reached and counted at home.")
BY_POST = N_("56 hours or 32, by the days in the post.")

FACTS: dict[str, Fact] = {
    "code": Fact(N_("Member number"), "work", APART, NOMINATION),
    "name": Fact(N_("Full name"), "person", N_("To enter hours for the right person."), NOMINATION),
    "branch": Fact(
        N_("Branch"), "work", N_("Where the hours are entered and the target follows from."), NOMINATION
    ),
    "since": Fact(N_("In the branch since"), "work", N_("A target counts the days in the branch."), ROSTER),
    "stage": Fact(N_("Stage"), "work", N_("Which training is prescribed."), OVERSIGHT),
    "post": Fact(N_("Post"), "work", BY_POST, OVERSIGHT),
    "post_since": Fact(N_("In the post since"), "work", BY_POST, ROSTER),
    "hours": Fact(N_("Study hours"), "work", N_("For the training ledger of the branch."), LEDGER),
    "figures": Fact(
        N_("Figures of a unit"), "work", N_("How the units below stand; nobody is named."), NOMINATION
    ),
    "username": Fact(N_("User name"), "work", N_("To sign in."), ROSTER),
    "sex": Fact(N_("Sex"), "person", STATISTICS, ROSTER),
    "born_on": Fact(N_("Birth date"), "person", APART, ROSTER),
    "joined_on": Fact(
        N_("Joining date"), "work", N_("First-year members have training of their own."), ROSTER
    ),
    "category": Fact(N_("Occupation"), "person", STATISTICS, ROSTER),
    "flow": Fact(N_("Flow of members"), "person", AWAY, ROSTER),
    "flow_place": Fact(N_("Where from or to"), "person", AWAY, ROSTER),
    "phone": Fact(
        N_("Mobile number"),
        "contact",
        N_(
            "To sign in and to be reached, by an academy until 90 days after its class; nobody must give one."
        ),
        ON_REQUEST,
    ),
    "id_number": Fact(
        N_("ID number"), "identity", N_("To find one person in two rosters; nobody must give one."), KEEPERS
    ),
    "status": Fact(
        N_("Cadre, suspended, abroad"),
        "work",
        N_("Cadres have an account of their own; of who is suspended or abroad nothing is asked."),
        OVERSIGHT,
    ),
    "care": Fact(
        N_("Days on the care list"),
        "health",
        N_("No hours are asked on these days (Art. 23 of the rules of member education)."),
        OVERSIGHT,
    ),
    "care_reason": Fact(
        N_("Reason of the care list"),
        "health",
        N_("The branch knows whom to spare and visit."),
        {SECRETARY: Shown.FULL},
    ),
}


@dataclass(frozen=True)
class Export:
    """A file with people in it: its endpoint, who may have it and, by heading, which fact each column is."""

    endpoint: str
    perm: Perm
    columns: dict[str, str]
    in_full: bool = False  # masked facts are opened against a recorded reason


_ROSTER_COLUMNS = {
    "党员编号": "code", "姓名": "name", "性别": "sex", "出生日期": "born_on", "身份证号": "id_number",
    "手机号": "phone", "党员类别": "stage", "入党日期": "joined_on", "所在支部": "branch",
    "进入支部日期": "since", "党内职务": "post", "任职日期": "post_since", "干部级别": "status",
    "级别起始日期": "status", "停止党籍或出国": "status", "停止或出国日期": "status",
    "职业类别": "category", "流动情况": "flow", "流动地点": "flow_place",
}  # fmt: skip
_LEDGER_COLUMNS = {
    "序号": "hours", "日期": "hours", "学习内容": "hours", "形式": "hours", "党员": "name", "分钟": "hours",
    "学时": "hours", "自学（另列）": "hours", "证明": "hours", "记录": "hours", "备注": "hours",
}  # fmt: skip
_YEAR_COLUMNS = {
    "编号": "code", "姓名": "name", "党员类别": "stage", "已完成学时": "hours", "全年目标": "hours",
    "今天应有": "hours", "情况": "hours",
}  # fmt: skip
_SUBTREE_COLUMNS = _YEAR_COLUMNS | {"所在支部": "branch"}
_NEWCOMER_COLUMNS = {
    "编号": "code", "姓名": "name", "所在支部": "branch", "任职的党组织": "post", "任职日期": "post",
    "应参加至": "hours", "情况": "hours",
}  # fmt: skip
_LEADER_COLUMNS = {
    "编码": "branch", "党支部": "branch", "上级组织": "branch", "书记": "name", "代理书记": "name",
    "代理至（不含）": "post",
}  # fmt: skip
_STAY_COLUMNS = {"行": "code", "姓名": "name", "列": "code", "为什么不撤回": "code"}
_TRIAL_COLUMNS = {
    "党组织": "branch", "编号": "code", "姓名": "name", "现行目标": "hours", "草案目标": "hours",
    "现行办法计入": "hours", "草案计入": "hours", "按现行办法": "hours", "按草案": "hours",
    "干部学时已完成": "hours", "干部学时现行目标": "hours", "干部学时草案目标": "hours",
}  # fmt: skip
_UNIT_COLUMNS = dict.fromkeys(
    (
        "党组织", "党支部", "达标支部", "班子达标支部", "党员", "跟上进度", "已达标", "落后", "照护名单",
        "待审核", "参学人次", "参加过学习", "学时合计", "未签审支部", "签审逾期支部",
    ),
    "figures",
)  # fmt: skip
_CLASS_COLUMNS = dict.fromkeys(("分组", "项目", "期数", "人次", "人数"), "figures")
EXPORTS = (
    Export("roster.export", Perm.ROSTER_MANAGE, _ROSTER_COLUMNS),
    Export("admin.roster_in_full", Perm.ROSTER_MANAGE, _ROSTER_COLUMNS, in_full=True),
    Export("hours.members_xlsx", Perm.MEMBERS_VIEW, _YEAR_COLUMNS),
    Export("hours.members_csv", Perm.MEMBERS_VIEW, _SUBTREE_COLUMNS),
    Export("hours.newcomers_xlsx", Perm.MEMBERS_VIEW, _NEWCOMER_COLUMNS),
    Export("reports.xlsx", Perm.REPORT_VIEW, _LEDGER_COLUMNS),
    Export("learners.xlsx", Perm.LEARNER_FIND, {"编号": "code", "姓名": "name", "所在支部": "branch"}),
    Export("org.leaders_xlsx", Perm.GRANT_MANAGE, _LEADER_COLUMNS),
    Export("roster.stays", Perm.ROSTER_MANAGE, _STAY_COLUMNS),
    Export("policies.trial_xlsx", Perm.POLICY_EDIT, _TRIAL_COLUMNS),
    Export("hours.unit_xlsx", Perm.UNITS_VIEW, _UNIT_COLUMNS),
    Export("certificates.statistics_xlsx", Perm.CLASS_MANAGE, _CLASS_COLUMNS),
)


def shown(roles: Collection[Role], fact: str) -> Shown:
    """How somebody with these roles in a member's branch sees that fact: the widest of what they may."""
    return max((FACTS[fact].sees.get(role, Shown.NEVER) for role in roles), default=Shown.NEVER)


def masked(fact: str, value: str | None) -> str:
    """'13800000012' -> '138****0012'; an ID number is masked when it is stored."""
    return mask_phone(value) if fact == "phone" else value or ""


def check_reason(reason: str) -> str:
    """The reason, trimmed; RuleError unless it says something."""
    text = reason.strip()
    if len(text) < SHORTEST_REASON:
        raise RuleError(
            N_("Say why, in at least %(count)s characters. The member reads it."),
            field="reason",
            count=SHORTEST_REASON,
        )
    if len(text) > LONGEST_REASON:
        raise RuleError(N_("Say why in at most %(count)s characters."), field="reason", count=LONGEST_REASON)
    return text
