"""Roles, what each may do, and over how much. Pure: the database stores only who holds which role where."""

from dataclasses import dataclass
from enum import StrEnum

from pbtrain.core.marks import N_


class Perm(StrEnum):
    """One thing somebody may do. A new one gets its place in the table MAY below."""

    LEARN = "learn"  # take courses, sit quizzes, see one's own hours
    MEMBERS_VIEW = "members:view"  # names and hours of the members of a unit
    HOURS_REVERSE = "hours:reverse"  # cancel a line, decide a held overlap
    HOURS_SIGN = "hours:sign"  # the monthly sign-off of a branch's book
    YEAR_SEAL = "year:seal"  # close a branch's year, or a level's
    YEAR_CORRECT = "year:correct"  # correct a closed year from above
    CLAIM_DECIDE = "claim:decide"  # decide on claims of a branch, write one for its members
    CLAIM_JUDGE = "claim:judge"  # from above: appeals, second pairs of eyes, what the branch may not
    TAKEOVER_MAKE = "takeover:make"  # sheets of earlier hours and exports of platforms
    PLATFORM_MANAGE = "platform:manage"  # which outside platforms count, and how
    EVENT_RECORD = "event:record"
    EVENT_CORRECT = "event:correct"  # of one's branch and what it took over; from above of ended branches
    REPORT_VIEW = "report:view"
    REMIND = "remind"
    SLIP_PRINT = "slip:print"
    UNITS_VIEW = "units:view"  # figures of the units below
    ROSTER_MANAGE = "roster:manage"  # members, affiliations, import
    MEMBER_MEND = "member:mend"  # see what is recorded, mend phone and flow, answer 信息有误
    UNIT_MANAGE = "unit:manage"
    GRANT_MANAGE = "grant:manage"
    COURSE_EDIT = "course:edit"
    COURSE_PUBLISH = "course:publish"
    THEME_GIVE = "theme:give"  # subjects that the branches below hold their own meeting of
    ACTIVITY_SET = "activity:set"  # how activities are called and how often they are asked for
    CLASS_MANAGE = "class:manage"  # an academy's classes, teachers, venues, certificates
    CLASS_NOMINATE = "class:nominate"  # put members of a unit forward for a class
    LEARNER_FIND = "learner:find"  # name, branch and number in the academy's service area
    POLICY_VIEW = "policy:view"  # the rules of a year, their versions and what changed
    POLICY_EDIT = "policy:edit"  # draft, try and publish them
    JOBS_VIEW = "jobs:view"
    AUDIT_VIEW = "audit:view"


class Role(StrEnum):
    """What a grant may name."""

    MEMBER = "member"
    BRANCH_SECRETARY = "branch_secretary"
    UNIT_ADMIN = "unit_admin"
    UNIT_AUDITOR = "unit_auditor"
    ACADEMY_ADMIN = "academy_admin"
    COURSE_AUTHOR = "course_author"
    SYSTEM_ADMIN = "system_admin"


@dataclass(frozen=True)
class RoleRow:
    """Label, permissions and reach of a role, and which home page it opens on."""

    label: str
    perms: frozenset[Perm]
    subtree: bool  # also in every unit below the one granted
    view: str


MAY: dict[Role, RoleRow] = {
    Role.MEMBER: RoleRow(N_("Member"), frozenset({Perm.LEARN}), subtree=False, view="member"),
    Role.BRANCH_SECRETARY: RoleRow(
        N_("Branch secretary"),
        frozenset(
            {
                Perm.MEMBERS_VIEW,
                Perm.HOURS_REVERSE,
                Perm.HOURS_SIGN,
                Perm.YEAR_SEAL,
                Perm.CLAIM_DECIDE,
                Perm.TAKEOVER_MAKE,
                Perm.EVENT_RECORD,
                Perm.EVENT_CORRECT,
                Perm.REPORT_VIEW,
                Perm.REMIND,
                Perm.SLIP_PRINT,
                Perm.MEMBER_MEND,
                Perm.CLASS_NOMINATE,
            }
        ),
        subtree=False,
        view="secretary",
    ),
    Role.UNIT_ADMIN: RoleRow(
        N_("Unit administrator"),
        frozenset(
            {
                Perm.UNITS_VIEW,
                Perm.MEMBERS_VIEW,
                Perm.REPORT_VIEW,
                Perm.YEAR_SEAL,
                Perm.YEAR_CORRECT,
                Perm.EVENT_CORRECT,
                Perm.CLAIM_JUDGE,
                Perm.TAKEOVER_MAKE,
                Perm.PLATFORM_MANAGE,
                Perm.ROSTER_MANAGE,
                Perm.MEMBER_MEND,
                Perm.UNIT_MANAGE,
                Perm.GRANT_MANAGE,
                Perm.SLIP_PRINT,
                Perm.POLICY_VIEW,
                Perm.POLICY_EDIT,
                Perm.THEME_GIVE,
                Perm.ACTIVITY_SET,
                Perm.CLASS_NOMINATE,
            }
        ),
        subtree=True,
        view="admin",
    ),
    Role.UNIT_AUDITOR: RoleRow(
        N_("Unit auditor"),
        frozenset(
            {
                Perm.UNITS_VIEW,
                Perm.MEMBERS_VIEW,
                Perm.REPORT_VIEW,
                Perm.YEAR_SEAL,
                Perm.YEAR_CORRECT,
                Perm.CLAIM_JUDGE,
                Perm.AUDIT_VIEW,
                Perm.POLICY_VIEW,
            }
        ),
        subtree=True,
        view="auditor",
    ),
    Role.ACADEMY_ADMIN: RoleRow(
        N_("Academy administrator"),
        frozenset({Perm.COURSE_EDIT, Perm.COURSE_PUBLISH, Perm.LEARNER_FIND, Perm.CLASS_MANAGE}),
        subtree=True,
        view="academy",
    ),
    Role.COURSE_AUTHOR: RoleRow(
        N_("Course author"), frozenset({Perm.COURSE_EDIT}), subtree=False, view="academy"
    ),
    Role.SYSTEM_ADMIN: RoleRow(
        N_("System administrator"),
        frozenset(
            {
                Perm.UNITS_VIEW,
                Perm.ROSTER_MANAGE,
                Perm.MEMBER_MEND,
                Perm.UNIT_MANAGE,
                Perm.GRANT_MANAGE,
                Perm.SLIP_PRINT,
                Perm.JOBS_VIEW,
                Perm.AUDIT_VIEW,
            }
        ),
        subtree=True,
        view="admin",
    ),
}

VIEWS = ("secretary", "academy", "auditor", "admin", "member")  # who holds several opens on the first

# Who may give which role in the units of their reach, and hand a new password to its holder: nobody
# can make a login that is able to do what they could not have given themselves.
_EVERY = frozenset(Role) - {Role.MEMBER}
GIVES: dict[Role, frozenset[Role]] = {
    Role.SYSTEM_ADMIN: _EVERY,
    Role.UNIT_ADMIN: _EVERY - {Role.SYSTEM_ADMIN},
}
RENEWS: dict[Role, frozenset[Role]] = GIVES | {Role.BRANCH_SECRETARY: frozenset({Role.BRANCH_SECRETARY})}


def roles_with(perm: Perm, *, subtree: bool) -> tuple[Role, ...]:
    """The roles that bring `perm`, either those that reach below their unit or those that do not."""
    return tuple(role for role, row in MAY.items() if perm in row.perms and row.subtree is subtree)
