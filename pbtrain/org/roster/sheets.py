"""The template of rosters: its drop-downs and its guide."""

from pbtrain.org.roster.columns import COLUMNS, ROSTER
from pbtrain.org.roster.rules import WORDS
from pbtrain.org.uploads.sheets import Template

TEMPLATE = Template(
    name="党员名册",
    columns=COLUMNS,
    widths={
        "id_number": 22,
        "branch": 30,
        "phone": 15,
        "category": 18,
        "rank": 16,
        "away": 16,
        "flow_place": 24,
    },
    offered={name: offered for name, (_, offered) in WORDS.items()},
    guide=(
        "“姓名”和“所在支部”必须填；其他列可以空着，空着的不改动已有资料。",
        "所在支部填全称或代码，可以从下拉列表里选。",
        "日期写成 2024-07-01。身份证号、手机号列已设为文本，请不要改成数字。",
        "身份证号显示为 150102********1231 的，是已经登记过的，不用改。",
        "党内职务：书记、副书记、委员、轮值书记；填“无”表示不再任职。",
        "干部级别：乡科级及以下、县处级及以上；填“无”表示不再是干部。级别起始日期不填的，从导入那天算起。",
        "停止党籍或出国：停止党籍、出国（出境也填出国）；填“无”表示已恢复或已回来。这些日子不作学时要求。日期不填的，从导入那天算起。",
        "职业类别从下拉列表里选；流动情况填流入、流出，填“无”表示不再流动；流动地点写从哪里来或到哪里去。",
        "进入支部日期不填的：新增的人从今年1月1日算起，转入的人从导入那天算起。",
        "已有的人请保留党员编号；新增的人党员编号空着，由系统给。",
    ),
    max_rows=ROSTER.max_rows,
)
