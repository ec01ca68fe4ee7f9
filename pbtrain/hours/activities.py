"""The kinds of learning that earn hours. A new kind is one more row here, and nothing else."""

from dataclasses import dataclass

from pbtrain.core.marks import N_


@dataclass(frozen=True)
class Activity:
    """Label, whether it is 集中 (group) or 自学 (self), the usual channel, and if a branch records it."""

    label: str
    mode: str
    channel: str
    recorded_by_branch: bool = False


ACTIVITIES = {
    "theme_day": Activity(N_("Theme Party day"), "group", "onsite", recorded_by_branch=True),  # 主题党日
    "party_lecture": Activity(N_("Party lecture"), "group", "onsite", recorded_by_branch=True),  # 党课
    "training_class": Activity(N_("Training class"), "group", "onsite"),  # 集中轮训, 培训班
    "online_course": Activity(N_("Online course with test"), "group", "web"),  # D.17: online with test counts
    # 远程课堂: a printed sheet, a broadcast, a lesson brought home; the branch issues it and sees the result
    "distance_lesson": Activity(N_("Distance lesson"), "group", "paper"),
    "self_study": Activity(N_("Self-study"), "self", "web"),
    "cadre_class": Activity(N_("Cadre training class"), "group", "onsite"),  # D.6: the account of cadres
    "cadre_online": Activity(N_("Cadre online academy"), "group", "web"),
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
