"""Reading our PDFs as people's programs do, and facts to print."""

import subprocess

SCHOOL = {
    "name": "铁岭市银州区轻校教育培训学校",
    "branch": "银州校区",
    "supervised_account": "中国银行铁岭分行 2100 1234 5678",
}
COURSE = {
    "category": "线下非学科类培训",
    "course_name": "少儿围棋",
    "class_name": "围棋周六甲班",
    "adviser": "王芳",
    "lessons_total": "44",
    "lesson_minutes": "90",
    "lesson_times": "周六 09:00–10:30",
    "first_date": "2026-11-28",
    "last_date": "2027-10-02",
    "teaching_form": "小班额面授课（班级限额 ≤ 12 人）",
    "minimum": "本班开班不受最低人数限制",
    "teacher": "张伟",
}
CONTRACT = {
    "school_name": SCHOOL["name"],
    "school_address": "铁岭市银州区一号",
    "approving_authority": "银州区教育局",
    "registering_authority": "银州区市场监督管理局",
    "licence_number": "教民121120270000001号",
    "licence_expires": "2028-06-30",
    "icp_number": "不适用（线下培训）",
    "credit_code": "91350100M000100Y43",
    "registration_expires": "长期",
    "contact_name": "王芳",
    "contact_phone": "024-12345678",
    "student_name": "田萍",
    "student_gender": "女",
    "student_birth_date": "2017-05-06",
    "student_school": "银州区第一小学",
    "student_grade": "三年级",
    "guardian_name": "李芳",
    "guardian_relation": "妈妈",
    "guardian_phone": "13812345678",
    "guardian_address": "铁岭市银州区二号",
    "courses": [COURSE],
    "amount": "¥4,800.00（人民币肆仟捌佰元整）",
    "payment_plan": "一次性付清",
    "supervision": "银行托管",
    "supervised_account": SCHOOL["supervised_account"],
    "refund_days_before": "3",
    "refund_days_after": "7",
}


def receipt_data(*, student="田萍", payer="李芳", number=1, **changes):
    item = {
        "student": student,
        "course": "少儿围棋",
        "paid_credits": "40",
        "gift_credits": "4",
        "amount_minor": 4800_00,
        "discount_minor": 1200_00,
        "valid_until": "2027-11-21",
    }
    return {
        "number": f"SJ-yinzhou-2026-{number:05d}",
        "verify_code": "7K3MQ2XH9TBD4N6P",
        "received": "2026-11-21 12:00",
        "school": SCHOOL,
        "payer": payer,
        "items": [item],
        "order": {"total_minor": 4800_00, "paid_minor": 1800_00},
        "amount_minor": 1800_00,
        "method": "wechat",
        "reference": "4200001234202611210012345678",
        "received_by": "王芳",
        "replaces": "",
    } | changes


def text_of(pdf):
    """As `pdftotext` gives it back: what a person copies out of the file, or searches in it."""
    read = ["pdftotext", "-enc", "UTF-8", "-", "-"]
    return subprocess.run(read, input=pdf, capture_output=True, check=True).stdout.decode()


def squeezed(text):
    """Without blanks and line ends, which depend on where a line broke."""
    return "".join(text.split())
