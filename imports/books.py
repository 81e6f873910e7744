"""The four books of a school: their fields, and the words by which a title is understood.

A title is understood when the *whole* of it is in the vocabulary (家长手机 is whose + 手机). A part of it is
not enough: 推荐人电话 is nobody's main phone, 剩余金额 is no number of lessons. Patterns meet titles as
`columns.readings_of` leaves them: NFKC, lower case, without blanks, punctuation and brackets.
"""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

CHILD = "(学员|学生|孩子|小孩|宝宝|宝贝|小朋友|幼儿|儿童|会员)"
PARENT = "(家长|监护人|父母|妈妈|母亲|爸爸|父亲|联系人|亲属)"
ANYONE = f"({CHILD}|{PARENT}|主要?|第?一|首选|常用|本人|客户)"
PHONE = "((联系)?(手机号码?|手机电话|手机|移动电话|电话号码|电话|号码)|联系方式)"
PHONE_EN = "((mobile|cell|tele|contact)?phone|mobile|tel|cell)(number|no)?"
LESSONS = "(总|几|多少)?(课时|课次|课节|节课|节次|节数|次数|课数|节|课)(数量?|总数)?"
PLACE = "(校区|分校|门店|分店|教学点|校部|分部|校点|网点|分馆|分园|园区|学习中心|教学中心|分中心|中心)"
SUBJECT = "(课程|科目|项目|学科|课目)"
DAY = "(日期|时间|日|年月日)"


@dataclass(frozen=True)
class Field:
    """A meaning a column may have. `title` is how we write it ourselves in the errors workbook."""

    key: str
    label: Promise
    title: str
    patterns: tuple[re.Pattern, ...]  # an earlier one is the better match where two columns compete


@dataclass(frozen=True)
class Book:
    """`required` groups: one field of each must be there. `expected`: their lack is reported, no more."""

    key: str
    label: Promise
    title: str
    hint: re.Pattern  # in the name of the file or of the sheet
    fields: dict[str, Field]
    required: tuple[tuple[str, ...], ...]
    expected: tuple[str, ...]
    key_field: str  # whose lack makes a row unusable


def _field(key, label, title, *patterns):
    return Field(key, label, title, tuple(re.compile(pattern) for pattern in patterns))


def _book(key, label, title, hint, *, fields, required, expected, key_field):
    by_key = {field.key: field for field in fields}
    return Book(key, label, title, re.compile(hint), by_key, required, expected, key_field)


# --- fields that several books have ----------------------------------------------------------------------

BRANCH = _field(
    "branch",
    _("Branch"),
    "校区",
    f"(所属|所在|上课|就读|报名|学习|意向|登记|归属|工作|任职|任教|开课|班级|学员)?{PLACE}(名称|名)?|branch|campus",
    "店|店面|店名|机构|centre|center|location",
)
CHILD_NAME = _field(
    "name",
    _("Child's name"),
    "学员姓名",
    f"{CHILD}的?(姓名|名字|名称|名)|(student|child|kid|pupil)s?(full)?name",
    f"{CHILD}|student|child|pupil",
    "姓名|名字|全名|(full)?name",
)
GENDER = _field("gender", _("Gender"), "性别", f"{CHILD}?性别|男女|gender|sex")
BIRTH_DATE = _field(
    "birth_date",
    _("Date of birth"),
    "出生日期",
    f"{CHILD}?的?(出生{DAY}|出生年月|出生|生日|阳历生日|公历生日|生日日期)|birth(day|date)?|dob|dateofbirth",
)
SCHOOL = _field(
    "school",
    _("School"),
    "就读学校",
    "(就读|在读|所在|现读|公立|全日制|日常|学员)?(学校|幼儿园|校名)(名称)?|school(name)?",
)
GRADE = _field("grade", _("Grade"), "年级", f"(就读|在读|所在|现|学校|{CHILD})?(年级|学段)|grade|year")
GUARDIAN = _field(
    "guardian",
    _("Guardian"),
    "家长姓名",
    f"{PARENT}的?(姓名|名字|称呼)|{PARENT}|(parent|guardian|contact)s?(full)?(name)?",
)
RELATION = _field(
    "relation",
    _("Relation"),
    "与学员关系",
    f"(与|和|跟)?(家长|监护人|联系人)?(与|和|跟)?{CHILD}?的?(亲属|亲子)?关系|家长身份|称谓|relation(ship)?",
)
CHILDS_PHONE = _field(
    "phone",
    _("Phone"),
    "联系电话",
    f"{ANYONE}{{0,2}}的?{PHONE}[1一]?|(parent|guardian|contact|student|main)?s?{PHONE_EN}1?",
)
OTHER_PHONE = _field(
    "other_phone",
    _("Other phone"),
    "备用电话",
    f"{PARENT}?(备用|备选|其他|其它|另一个?|第?二|次要|紧急|应急){PARENT}?的?{PHONE}|{ANYONE}?{PHONE}[2二]"
    f"|(other|second|backup|emergency|alternate)(contact)?{PHONE_EN}|{PHONE_EN}2",
)
SOURCE = _field(
    "channel",
    _("Channel"),
    "来源渠道",
    "(来源|渠道|招生|客户|学员|信息|获客|生源)*(来源|渠道)|source|channel",
)
NOTE = _field(
    "note",
    _("Note"),
    "备注",
    "(其他|其它|学员|班级|客户|家长|跟进)?(备注|说明)(信息|事项|内容|栏)?|备考|补充说明?|note|remark|comment|memo",
    "其他|其它|特殊情况|注意事项|notes|remarks|comments",
)
CHILDS_COURSE = _field(
    "course",
    _("Course"),
    "报读课程",
    f"(报读|报名|所报|所学|已报|报班|在读)的?{SUBJECT}(名称)?|报读",
    f"(学习|购买|上课|当前|所属)?{SUBJECT}(名称|名)?|course(name)?|subject",
)
CLASS_NAME = _field(
    "class_name",
    _("Class"),
    "班级",
    "(所在|所属|上课|报读|当前|现|学习|分班|培训|开设)?(班级|班)(名称|名|全称)?|班名|分班|class(name)?|group(name)?",
    "就读班级|班号",
)
ADVISER_WORDS = (
    "(课程|学习|教育|招生|销售)?顾问(老师|姓名)?|(课程|招生|销售|咨询|签单)(老师|人员?)"
    "|(学习|课程)?规划师|advis[eo]r|consultant"
)

# --- the books -------------------------------------------------------------------------------------------

STAFF = _book(
    "staff",
    _("Staff list"),
    "员工名单",
    "员工|教职工|教工|职工|人员|老师名|教师名|师资|通讯录|staff|employee|teachers",
    fields=[
        _field(
            "name",
            pgettext_lazy("person", "Name"),
            "姓名",
            "(员工|教师|老师|职工|教职工|人员|同事)的?(姓名|名字|名称)|姓名|(staff|employee|teacher)s?(full)?name",
            "员工|名字|(full)?name|staff|employee|教师|老师",
        ),
        _field(
            "role",
            _("Position"),
            "岗位",
            "(工作|现任|担任|所任|员工)?(岗位|职位|职务)(名称)?|角色|工种|role|position|post|job(title)?",
            "身份|职称|title",
        ),
        BRANCH,
        _field("phone", _("Phone"), "手机号", f"(员工|教师|老师|个人|本人|工作)?{PHONE}|{PHONE_EN}"),
        NOTE,
    ],
    required=(("name",), ("role",)),
    expected=("branch", "phone"),
    key_field="name",
)

CLASSES = _book(
    "classes",
    _("Class timetable"),
    "班级课表",
    "班级|课表|排课|课程表|开班|class|timetable|schedule",
    fields=[
        BRANCH,
        CLASS_NAME,
        _field(
            "course",
            _("Course"),
            "课程",
            f"(开设|教授|授课|所属|上课|班级|对应)?{SUBJECT}(名称|名)?|教学内容|course(name)?|subject",
        ),
        _field(
            "teacher",
            _("Teacher"),
            "任课老师",
            "(任课|授课|上课|教课|主讲|主教|主带|带课|带班|责任|主)(老师|教师|教练|教员|导师)(姓名)?|主教|主讲|授课人|任课人",
            "(班级)?(老师|教师|教练|教员|导师)(姓名|名字)?|班主任|teacher(name)?|coach|tutor|instructor",
        ),
        _field(
            "room",
            _("Room"),
            "教室",
            "(上课|所在|所用|使用)?(教室|课室|场地|场馆|房间|地点)(名称|号|编号)?|(class)?room(no|number)?",
        ),
        _field(
            "schedule",
            _("Weekly times"),
            "上课时间",
            "(上课|排课|授课|每周上课|固定|课程|班级|每周)(时间段?|时段|安排)(安排|表)?|排课|schedule|classtime",
            "时间段?|时段|课表|开课时间|开班时间|time(slot)?s?",
        ),
        _field(
            "weekday",
            _("Weekday"),
            "星期",
            "(上课)?(星期几?|周几|周次|礼拜几?|上课日)|每周|weekday|day(ofweek)?",
        ),
        _field(
            "start_time",
            pgettext_lazy("lesson", "From"),
            "开始时间",
            "(上课|课程)?(开始|起始)(时间|时刻)|starttime|start|from",
        ),
        _field("end_time", _("Until"), "结束时间", "(下课|(课程)?结束)(时间|时刻)|endtime|end|until"),
        _field(
            "minutes",
            _("Minutes"),
            "时长",
            "(每节|单次|单节|课程|上课|每次)?(时长|分钟数?|课长)|minutes|duration",
        ),
        _field(
            "capacity",
            _("Seats"),
            "容量",
            "(班级|最大|最多|额定|教室|满班|满员)?(容量|名额|定员|班额|座位数?|学位数?)|(班级)?(人数上限|人数限制|学员上限|上限人数)",
            "(满班|满员|额定|最大|最多|计划|限制|限)(人数|学员数)|限额|限员|席位|满员|满班|限招人数|招生人数|上限|capacity|seats|max(students|size)?",
        ),
        _field(
            "start_date",
            _("First day"),
            "开课日期",
            "(开课|开班|起始|开始|首课|首次上课|起课)(日期|日)|首课时间|startdate|firstlesson|firstday",
            "开课时间|开班时间|开课|开班",
        ),
        _field(
            "lessons",
            _("Lessons in all"),
            "总课次",
            f"(总|计划|课程|应上|本期|全期|排课|预计|共|总计)?{LESSONS}|期数|讲次|(total)?lessons|sessions",
        ),
        _field(
            "unit_price",
            _("List price per lesson"),
            "单课时原价",
            "(每|单)(课时|节课?|次课?|课次|课)的?(原价|单价|标价|定价|价格|售价|收费|价|学费)|(课时|课|原|标准)?单价|课时(原价|价格)",
            "(课程)?(原价|标价|定价|价格|售价|零售价)|(unit|list)?price|priceperlesson",
        ),
        _field(
            "category",
            _("Category"),
            "类别",
            "(学科|课程|班级|培训|项目|科目)?(类别|类型|类目|性质|分类|属性)|学科非学科|是否学科类?|category|type",
        ),
        NOTE,
    ],
    required=(("class_name",), ("schedule", "weekday")),
    expected=("course", "teacher", "room", "capacity", "start_date", "lessons", "unit_price"),
    key_field="class_name",
)

STUDENTS = _book(
    "students",
    _("Student list"),
    "学员名单",
    "学员|学生|在读|花名册|名册|课时|student|pupil",
    fields=[
        BRANCH,
        _field(
            "number",
            _("Student number"),
            "学号",
            f"学号|{CHILD}(编号|号码?|卡号|id)|student(id|no|number)",
        ),
        CHILD_NAME,
        GENDER,
        BIRTH_DATE,
        SCHOOL,
        GRADE,
        GUARDIAN,
        RELATION,
        CHILDS_PHONE,
        OTHER_PHONE,
        CHILDS_COURSE,
        CLASS_NAME,
        _field(
            "bought",
            _("Credits bought"),
            "购买课时",
            f"(购买|已购买?|购课|所购|报名|报课|缴费|充值|签约|合同|正课|正价|付费|正式|买了?)的?{LESSONS}|购买数量|购买|已购|购课数?",
            "总课时数?|总课次|总节数|总次数|课时总数|总课数?|(lessons|credits)?(bought|purchased)|totallessons",
            "课时数?|课次数?|节数|次数|lessons|credits",
        ),
        _field(
            "gift",
            _("Gift credits"),
            "赠送课时",
            f"(赠送?|额外赠送|活动赠送|奖励|加送|免费|送了?)的?({LESSONS})?|gifts?|(gift|bonus|free)(lessons|credits)?",
        ),
        _field(
            "used",
            _("Credits used"),
            "已消课时",
            f"(已消耗?|已上|已用|已耗|已使用|已完成|消耗|消课|已扣|已销|核销|已学|累计消课|累计消耗|耗|消|上了|用了|用掉)的?({LESSONS})?"
            f"|上课(次数|节数)|(lessons|credits)?(used|consumed|attended)|(used|consumed)(lessons|credits)?",
        ),
        _field(
            "left",
            _("Credits left"),
            "剩余课时",
            f"(当前|目前|现|总|可用|未用)?(剩余?|余下?|还剩|结余|剩下|未消|未上|待消|可用)的?(几|多少)?({LESSONS})?"
            f"|(课时|课次|课节)(剩余|结余|余额|余量)|(lessons|credits)?(left|remaining)|(remaining)(lessons|credits)?|balance",
        ),
        _field(
            "paid",
            _("Amount paid"),
            "实收金额",
            "(实收|实缴|实付|实交|已缴|已交|已付|已收)(总)?(金额|费用|学费|款|总?额)?|(amount)?paid",
            "(缴费|交费|付款|收费|收款|缴纳|支付|到账|缴款)(总)?(金额|费用|额|总?额)?|学费(金额)?|tuition(fee)?",
            "(总)?(金额|费用)|(成交|合同)(金额|价|价格)|amount|fees?|price",
        ),
        _field(
            "last_day",
            _("Valid until"),
            "有效期至",
            f"(课时|课程|课包)?(有效|到期|截止|失效|过期)期?(至|到|{DAY}|限|截止日?期?|到期日)?|使用期限|有效期限"
            "|expir(y|es|ation)(date|at|on)?|valid(until|to|till)|(课程)?(终止|结束)日期",
        ),
        _field(
            "enrolled_date",
            _("Enrolled on"),
            "报名日期",
            f"(报名|缴费|交费|购课|购买|签约|入学|报读|付款|收费|办理){DAY}|enrol(l?ed|l?ment)?(date|on)",
        ),
        _field("status", _("Status"), "状态", "(学员|学生|在读|就读|学习|当前|报名)?状态|status"),
        _field(
            "adviser",
            _("Adviser"),
            "课程顾问",
            ADVISER_WORDS,
            "(跟进|负责|责任|归属|签单)(人|老师)|业绩归属|销售|sales|owner",
        ),
        SOURCE,
        NOTE,
    ],
    required=(("name",), ("phone",), ("course", "class_name"), ("left", "bought")),
    expected=("class_name", "course", "bought", "used", "left", "paid"),
    key_field="name",
)

ENQUIRIES = _book(
    "enquiries",
    _("Enquiry list"),
    "意向客户",
    "意向|线索|咨询|潜在|潜客|客户|客资|意向单|lead|enquir|inquir|prospect",
    fields=[
        BRANCH,
        CHILD_NAME,
        GENDER,
        BIRTH_DATE,
        SCHOOL,
        GRADE,
        GUARDIAN,
        RELATION,
        CHILDS_PHONE,
        OTHER_PHONE,
        _field(
            "course",
            _("Course asked about"),
            "意向课程",
            f"(意向|咨询|感兴趣的?|兴趣|想学的?|关注|试听|有意|需求|想报的?){SUBJECT}(名称)?|想学什么|意向科",
            f"(报读|报名)?{SUBJECT}(名称|名)?|course(name)?|subject|interest(edin)?",
        ),
        SOURCE,
        _field(
            "status",
            _("Status"),
            "状态",
            "(跟进|意向|客户|线索|当前|咨询|销售)?(状态|阶段|进度|进展|情况)|status|stage",
        ),
        _field(
            "registered_date",
            _("Registered on"),
            "登记日期",
            f"(登记|录入|咨询|来访|创建|报备|到访|首访|建档|采集|添加|初访|首次咨询|收集|入库|留资){DAY}"
            "|(registered|created)(at|on|date)?|registrationdate",
            "日期|时间|date",
        ),
        _field(
            "owner",
            _("Followed up by"),
            "跟进人",
            f"(跟进|负责|归属|责任|接待|分配|咨询)(人员?|老师|顾问|员工|销售)(姓名)?|{ADVISER_WORDS}|销售|owner|assignedto",
        ),
        _field(
            "next_date",
            _("Next follow-up"),
            "下次跟进",
            f"下次(跟进|联系|回访|沟通|跟踪)?{DAY}?|(计划|预约|待|预计)(跟进|回访|联系){DAY}|回访{DAY}"
            "|next(followup|contact)?(date|on)?|followup(date|on)?",
        ),
        NOTE,
    ],
    required=(("phone",), ("name", "guardian")),
    expected=("course", "status", "registered_date", "owner"),
    key_field="name",
)

BOOKS = {book.key: book for book in (STAFF, CLASSES, STUDENTS, ENQUIRIES)}
