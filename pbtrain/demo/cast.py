"""Who plays in the demo: invented units and people, the same for everybody who loads it on that day. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

PREFIX = "示例"
SEED = 32
MISSES = 100  # names in a row that are taken: from then on people share theirs, as in a large place
LEADERS = 4  # the first of a branch: secretary, deputy, two committee members
EAGER, FIRM, SLACK, NEVER = 0.97, 0.75, 0.35, 0.0  # the share of meetings somebody comes to
STEADY = None  # comes as often as the pace of the year asks
ZEAL = (STEADY, EAGER, STEADY, FIRM, SLACK, STEADY, FIRM, STEADY, EAGER, STEADY, SLACK, FIRM)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
HAN = {
    "M": ("建国", "志强", "永胜", "卫东", "海军", "文斌", "立新", "国庆", "俊杰", "浩然", "子轩", "明远",
          "学文", "振华", "德福", "保平", "向阳", "晓东"),
    "F": ("秀英", "桂兰", "丽娟", "海燕", "晓梅", "雪琴", "玉珍", "春花", "慧敏", "雨桐", "欣怡", "思远",
          "静怡", "淑芬", "凤霞", "爱华", "小红", "婷婷"),
}  # fmt: skip
MONGOLIAN = {
    "M": ("巴特尔", "阿拉坦格日乐图", "苏和巴图", "那日苏", "朝鲁门", "额尔敦巴雅尔", "孟和", "吉日嘎拉",
          "哈斯额尔敦", "布和", "宝音德力格尔", "特木尔", "青格勒", "乌力吉", "阿木古楞",
          "敖特根", "斯琴巴图", "呼和"),
    "F": ("乌云其木格", "萨仁高娃", "其其格", "苏日娜", "娜仁托娅", "乌兰图雅", "斯琴高娃", "阿茹娜",
          "萨日朗", "托娅", "乌日娜", "格根塔娜", "琪琪格玛", "敖登高娃", "哈斯其木格", "乌仁图雅", "阿丽玛",
          "娜布其"),
}  # fmt: skip


@dataclass(frozen=True)
class UnitPlan:
    """A unit below the root or below a committee; `people` members, so many of them with Mongolian names."""

    key: str
    name: str
    kind: str
    above: str = "root"
    field: str = ""
    people: int = 0
    mongolian: float = 0.35
    born: tuple[int, int] = (24, 62)  # ages


UNITS = (
    UnitPlan("root", "示例区委员会", "committee", above=""),
    UnitPlan("south", "示例南街道党工委", "committee"),
    UnitPlan("banner", "示例乌兰苏木党委", "committee"),
    UnitPlan("academy", "示例国门党建学院", "academy"),
    UnitPlan("office", "示例街道机关第一党支部", "branch", "south", "office", 36),
    UnitPlan("community", "示例青松社区党支部", "branch", "south", "community", 42),
    UnitPlan("retired", "示例离退休干部党支部", "branch", "south", "retired", 30, 0.3, (63, 88)),
    UnitPlan(
        "joint",
        "示例南街道市场监督管理服务中心与政务服务大厅窗口单位工作人员联合党支部",
        "branch", "south", "office", 38,
    ),
    UnitPlan("pasture", "示例巴音嘎查党支部", "branch", "banner", "rural", 40, 0.85, (22, 74)),
    UnitPlan("school", "示例民族学校党支部", "branch", "banner", "school", 28, 0.5, (24, 59)),
    UnitPlan("firm", "示例物流园联合党支部", "branch", "banner", "private_firm", 26),
    UnitPlan("fresh", "示例新设立党支部", "branch", "banner", "community"),
)  # fmt: skip
BRANCHES = tuple(unit for unit in UNITS if unit.people)

ACADEMY = (  # 满洲里国门党建学院 and those it teaches
    UnitPlan("root", "示例市委员会", "committee", above=""),
    UnitPlan("academy", "示例国门党建学院", "academy"),
    UnitPlan("south", "示例口岸区党工委", "committee"),
    UnitPlan("border", "示例边境镇党委", "committee"),
    UnitPlan("office", "示例口岸机关党支部", "branch", "south", "office", 32, 0.25),
    UnitPlan("community", "示例国门社区党支部", "branch", "south", "community", 28, 0.3),
    UnitPlan("rail", "示例铁路口岸站党支部", "branch", "south", "state_firm", 26, 0.15),
    UnitPlan("school", "示例边境学校党支部", "branch", "border", "school", 20, 0.4, (24, 59)),
    UnitPlan("pasture", "示例边境嘎查党支部", "branch", "border", "rural", 24, 0.9, (22, 74)),
    UnitPlan("police", "示例边境派出所党支部", "branch", "border", "office", 20, 0.3, (23, 55)),
    *(
        UnitPlan(f"rail{n}", f"示例口岸区第{n}党支部", "branch", "south", "community", 36 + n % 5, 0.3)
        for n in range(1, 13)
    ),
    *(
        UnitPlan(f"herd{n}", f"示例边境镇第{n}党支部", "branch", "border", "rural", 36 + n % 5, 0.7)
        for n in range(1, 13)
    ),
)


@dataclass
class Person:
    """A member before the roster knows them. `zeal` is the share of meetings they come to."""

    name: str
    sex: str
    born_on: date
    joined_on: date
    since: date
    zeal: float | None  # None: keeps the pace
    stage: str = "full"
    phone: str | None = None
    id: int = field(default=0, compare=False)  # once on the roster
    account_id: int = field(default=0, compare=False)

    @property
    def facts(self) -> dict[str, object]:
        """The columns of Member."""
        names = ("sex", "born_on", "joined_on", "stage", "phone")
        return {name: getattr(self, name) for name in names}


def part(today: date, share: float) -> date:
    """The day after this share of the days of the year so far: part(today, 0.5) lies in the middle."""
    first = date(today.year, 1, 1)
    return first + timedelta(days=int((today - first).days * share))


def people(today: date, units: tuple[UnitPlan, ...] = UNITS) -> dict[str, list[Person]]:
    """The members of each branch; the first four lead it."""
    dice, phones = random.Random(SEED), count(19900000001)  # noqa: S311 - the same people for everybody
    names = _names(dice)
    branches = [plan for plan in units if plan.people]
    cast = {plan.key: [_person(plan, n, today, dice, names) for n in range(plan.people)] for plan in branches}
    for plan in branches:
        branch = cast[plan.key]
        for number, person in enumerate(branch):
            every = {"retired": 3, "pasture": 9}.get(plan.key, 1000)  # who has no telephone
            person.phone = None if number % every == every - 1 else str(next(phones))
        branch[13].phone = branch[12].phone  # a couple with one telephone
        branch[-1].stage, branch[-2].stage = "probationary", "probationary"
    for key in ("community", "school"):
        cast[key][-3].stage, cast[key][-4].stage = "candidate", "activist"
        cast[key][-3].joined_on = cast[key][-4].joined_on = None  # type: ignore[assignment]
    cast["office"][20].name = cast["office"][21].name = "示例王志强"  # two of one name in one branch
    cast["office"][5].zeal = 0.55  # whoever signs in as `member` has something left to do until December
    if "pasture" in cast:
        cast["pasture"][4].name = "示例阿拉坦格日乐图"
    return cast


def _names(dice: random.Random) -> Iterator[tuple[str, str, bool]]:
    """Endless (name, sex, is it Mongolian), no name twice while there are others."""
    used: set[str] = set()
    misses = 0
    while True:
        sex, mongolian = dice.choice("MF"), dice.random() < 0.5
        own = dice.choice(MONGOLIAN[sex]) if mongolian else dice.choice(SURNAMES) + dice.choice(HAN[sex])
        if own in used and mongolian:  # as people of one name are told apart: by what the father is called
            own = dice.choice(MONGOLIAN["M"]) + "·" + own
        misses = misses + 1 if own in used else 0
        if own not in used or misses > MISSES:
            used.add(own)
            yield PREFIX + own, sex, mongolian


def _person(
    plan: UnitPlan, number: int, today: date, dice: random.Random, names: Iterator[tuple[str, str, bool]]
) -> Person:
    wanted = dice.random() < plan.mongolian
    name, sex = next((name, sex) for name, sex, mongolian in names if mongolian is wanted)
    born = today - timedelta(days=dice.randint(plan.born[0] * 366, plan.born[1] * 365))
    grown = (today - born).days - 19 * 366
    joined = today - timedelta(days=dice.randint(400, max(401, min(grown, 45 * 365))))
    since = max(joined, date(today.year - 2 - dice.randint(0, 8), dice.randint(1, 12), 1))
    zeal: float | None = EAGER if number < LEADERS else ZEAL[(number + len(plan.key)) % len(ZEAL)]
    if number % 17 == 16:
        zeal = NEVER
    return Person(name, sex, born, joined, min(since, date(today.year - 1, 1, 1)), zeal)
