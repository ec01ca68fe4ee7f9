"""The columns of a roster: their names in the sheets of offices, and the words allowed in them. Pure."""

from pbtrain.core.marks import N_
from pbtrain.org.uploads.columns import Column, check_headed, layout_of

COLUMNS = {
    "code": Column(N_("Member number"), "党员编号", ("编号", "党员编码", "党员代码")),
    "name": Column(N_("Full name"), "姓名", ("党员姓名", "名字"), 60),
    "sex": Column(N_("Sex"), "性别"),
    "born_on": Column(N_("Birth date"), "出生日期", ("出生年月日", "出生年月", "生日", "出生时间")),
    "id_number": Column(
        N_("ID number"), "身份证号", ("身份证", "身份证号码", "公民身份号码", "公民身份证号码", "证件号码")
    ),
    "phone": Column(N_("Mobile number"), "手机号", ("手机", "手机号码", "联系电话", "电话", "移动电话")),
    "stage": Column(N_("Stage"), "党员类别", ("阶段", "发展阶段", "类别", "人员类别", "政治面貌")),
    "joined_on": Column(
        N_("Joining date"), "入党日期", ("入党时间", "加入党组织日期", "加入党组织时间", "入党年月")
    ),
    "category": Column(N_("Occupation"), "职业类别", ("职业", "工作岗位")),
    "branch": Column(
        N_("Branch"),
        "所在支部",
        ("党支部", "支部", "所在党支部", "所属支部", "所属党支部", "支部名称", "所在党组织"),
        100,
    ),
    "since": Column(N_("In the branch since"), "进入支部日期", ("转入日期", "转入支部日期", "转入时间")),
    "post": Column(N_("Post"), "党内职务", ("职务", "支部职务", "党支部职务", "党组织职务", "现任职务")),
    "post_since": Column(N_("In the post since"), "任职日期", ("任职时间", "任现职日期", "任现职时间")),
    "rank": Column(N_("Rank as a cadre"), "干部级别", ("职级", "干部职级", "行政级别", "级别")),
    "rank_since": Column(
        N_("In the rank since"), "级别起始日期", ("起始日期", "级别起始时间", "任现职级日期", "任现职级时间")
    ),
    "away": Column(
        N_("Suspended or abroad"), "停止党籍或出国", ("停止党籍", "出国（境）", "出国")
    ),
    "away_since": Column(
        N_("Suspended or abroad since"), "停止或出国日期", ("停止党籍日期", "出国日期", "出国（境）日期")
    ),
    "flow": Column(N_("Flow of members"), "流动情况", ("流动类型", "流动党员", "流入流出")),
    "flow_place": Column(N_("Where from or to"), "流动地点", ("流入流出地", "流入地或流出地"), 100),
}  # fmt: skip
SEXES = {"男": "M", "女": "F", "男性": "M", "女性": "F"}
STAGES = {
    "正式党员": "full", "正式": "full", "中共党员": "full", "党员": "full",
    "预备党员": "probationary", "预备": "probationary", "中共预备党员": "probationary",
    "发展对象": "candidate",
    "积极分子": "activist", "入党积极分子": "activist",
}  # fmt: skip
POSTS = {
    "书记": "secretary", "副书记": "deputy", "委员": "committee_member", "轮值书记": "rotating_secretary",
    "组织委员": "committee_member", "宣传委员": "committee_member", "纪检委员": "committee_member",
    "组织宣传委员": "committee_member", "统战委员": "committee_member", "青年委员": "committee_member",
    "无": "none", "党员": "none", "普通党员": "none",
}  # fmt: skip
CATEGORIES = {
    "工人": "worker", "工人(工勤技能人员)": "worker", "工勤技能人员": "worker",
    "专业技术人员": "specialist", "企事业单位、社会组织专业技术人员": "specialist",
    "管理人员": "manager", "企事业单位、社会组织管理人员": "manager",
    "党政机关工作人员": "official", "机关工作人员": "official", "公务员": "official",
    "农牧渔民": "farmer", "农牧民": "farmer", "农民": "farmer", "牧民": "farmer", "渔民": "farmer",
    "学生": "student",
    "离退休人员": "retired", "离退休": "retired", "退休人员": "retired", "退休": "retired", "离休": "retired",
    "其他职业": "other", "其他": "other", "其他职业人员": "other",
}  # fmt: skip
FLOWS = {
    "流入": "in", "流入党员": "in", "流出": "out", "流出党员": "out",
    "无": "none", "否": "none", "未流动": "none",
}  # fmt: skip
RANKS = {
    "乡科级及以下": "cadre_township", "乡科级": "cadre_township", "科级": "cadre_township",
    "正科级": "cadre_township", "副科级": "cadre_township", "乡科级正职": "cadre_township",
    "乡科级副职": "cadre_township", "科员": "cadre_township",
    "县处级及以上": "cadre_county", "县处级": "cadre_county", "处级": "cadre_county",
    "正处级": "cadre_county", "副处级": "cadre_county", "县处级正职": "cadre_county",
    "县处级副职": "cadre_county", "厅局级": "cadre_county",
    "无": "none", "否": "none", "非干部": "none",
}  # fmt: skip
AWAYS = {
    "停止党籍": "suspended", "停止": "suspended",
    "出国（境）": "abroad", "出国(境)": "abroad", "出国": "abroad", "出境": "abroad", "在国外": "abroad",
    "无": "none", "否": "none", "在国内": "none", "已回国": "none", "恢复党籍": "none",
}  # fmt: skip
SEX_WORDS = {"M": "男", "F": "女", "": ""}
STAGE_WORDS = {
    "full": "正式党员",
    "probationary": "预备党员",
    "candidate": "发展对象",
    "activist": "积极分子",
}
POST_WORDS = {
    "secretary": "书记",
    "deputy": "副书记",
    "committee_member": "委员",
    "rotating_secretary": "轮值书记",
    "none": "无",
}
CATEGORY_WORDS = {
    "worker": "工人",
    "specialist": "专业技术人员",
    "manager": "管理人员",
    "official": "党政机关工作人员",
    "farmer": "农牧渔民",
    "student": "学生",
    "retired": "离退休人员",
    "other": "其他职业",
}
RANK_WORDS = {"cadre_township": "乡科级及以下", "cadre_county": "县处级及以上", "none": "无"}
AWAY_WORDS = {"suspended": "停止党籍", "abroad": "出国", "none": "无"}
FLOW_WORDS = {"in": "流入", "out": "流出", "none": "无"}
ROSTER = layout_of(COLUMNS, needed=("name", "branch"), max_rows=50_000)


def check_columns(known: set[str], *, branch_given: bool) -> None:
    """Name the columns without which nothing can be read."""
    check_headed(COLUMNS, ("name",) if branch_given else ("name", "branch"), known)
