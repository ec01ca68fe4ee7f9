"""The kinds of learning and of a branch's activities. A new kind is one more row here, its words if it earns
hours, and its frequency and steps in `events.kinds`."""

from dataclasses import dataclass

from pbtrain.core.marks import N_


@dataclass(frozen=True)
class Activity:
    """Label, whether it is 集中 (group) or 自学 (self), the usual channel, if a branch records it, and if it
    earns hours at all: what earns none is recorded for its own sake and never posted."""

    label: str
    mode: str
    channel: str
    recorded_by_branch: bool = False
    earns: bool = True


def _held(label: str, *, earns: bool = True, channel: str = "onsite") -> Activity:
    """What a branch holds together and records itself."""
    return Activity(label, "group", channel, recorded_by_branch=True, earns=earns)


ACTIVITIES = {
    "theme_day": _held(N_("Theme Party day")),  # 主题党日
    "party_lecture": _held(N_("Party lecture")),  # 党课
    "members_meeting": _held(N_("Meeting of all members")),  # 支部党员大会
    "committee_meeting": _held(N_("Branch committee meeting"), earns=False),  # 支委会: business, not study
    "group_meeting": _held(N_("Party group meeting")),  # 党小组会
    "micro_lecture": _held(N_("Micro lecture")),  # 微党课
    "topic_study": _held(N_("Topic study")),  # 专题学习
    "topic_training": _held(N_("Topic training")),  # 专题培训
    "reading_class": _held(N_("Reading class")),  # 专题读书班
    "centre_study": _held(N_("Study of the centre group")),  # 理论学习中心组学习
    "warning": _held(N_("Warning education")),  # 警示教育
    "screening": _held(N_("Group screening")),  # 集体观影
    "site_visit": _held(N_("Visit on the spot")),  # 现场参观
    "home_lesson": _held(N_("Lesson brought home"), channel="home"),  # 送学上门
    "life_meeting": _held(N_("Organisational life meeting"), earns=False),  # 组织生活会
    "appraisal": _held(N_("Democratic appraisal"), earns=False),  # 民主评议党员
    "volunteering": _held(N_("Voluntary service"), earns=False),  # 志愿服务: points, never hours
    "training_class": Activity(N_("Training class"), "group", "onsite"),  # 集中轮训, 培训班
    "online_course": Activity(N_("Online course with test"), "group", "web"),  # D.17: online with test counts
    # 远程课堂: a printed sheet, a broadcast, a lesson brought home; the branch issues it and sees the result
    "distance_lesson": Activity(N_("Distance lesson"), "group", "paper"),
    "self_study": Activity(N_("Self-study"), "self", "web"),
    "cadre_class": Activity(N_("Cadre training class"), "group", "onsite"),  # D.6: the account of cadres
    "cadre_online": Activity(N_("Cadre online academy"), "group", "web"),
}

EARNING = {key: kind for key, kind in ACTIVITIES.items() if kind.earns}  # what policies speak of
WORDS = {  # what ledgers on paper and exported sheets call what earns hours: our own word, then others
    "theme_day": ("主题党日", "主题党日活动"),
    "party_lecture": ("党课", "讲党课"),
    "members_meeting": ("支部党员大会", "党员大会", "支部大会"),
    "group_meeting": ("党小组会", "党小组会议"),
    "micro_lecture": ("微党课",),
    "topic_study": ("专题学习",),
    "topic_training": ("专题培训",),
    "reading_class": ("专题读书班", "读书班"),
    "centre_study": ("理论学习中心组学习", "中心组学习"),
    "warning": ("警示教育",),
    "screening": ("集体观影", "观影"),
    "site_visit": ("现场参观", "参观学习"),
    "home_lesson": ("送学上门", "上门送学"),
    "training_class": ("集中培训班", "培训班", "集中培训", "集中轮训"),
    "online_course": ("线上课程", "网络课程", "在线课程", "网上课程"),
    "distance_lesson": ("远程课堂", "远程学习"),
    "self_study": ("自学", "个人自学"),
    "cadre_class": ("干部培训班",),
    "cadre_online": ("干部培训网络学院", "干部网络学院"),
}
CLASSES = frozenset({"training_class"})  # who has one of these this year has been in a class

CHANNELS = {
    "onsite": N_("On site"),
    "home": N_("Family classroom"),  # 家庭课堂
    "air": N_("On the air"),  # 空中课堂
    "phone": N_("On the phone"),  # 掌上课堂
    "paper": N_("On paper"),  # 纸上课堂
    "web": N_("On the web"),  # 网上课堂
}

PROOFS = {
    "A": N_("Rotating code and witness"),
    "B": N_("Roll with the secretary's word"),
    "C": N_("Record of a platform"),
    "D": N_("Own statement"),
}
PARTS = [f"{mode}_{proof.lower()}" for mode in ("group", "self") for proof in PROOFS]  # columns of raw sums
