"""Two years of enquiries for the large school: three for each of its children, followed up twice each."""

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from config.demo import DemoError
from config.demo.bench_fill import fill, refuse_unfilled
from config.demo.bench_scale import COURSES
from config.demo.bench_sql import count_on_from, execute, insert
from sales.models import SalesPolicy
from students.models import Channel, Enquiry, EnquiryChange, FollowUp

CHANNELS = ["门店咨询", "老带新", "抖音", "微信公众号", "地推", "大众点评", "活动", "其他"]
EACH = 3  # enquiries for each child of the school
DAYS = 730  # over which they came
# Of 100: how many stand where, in the order in which they came. Most end within weeks.
STAGES = [("signed", 33), ("lost", 49), ("came", 4), ("trial_booked", 4), ("contacted", 6), ("new", 4)]
NUMBERED = (Channel, Enquiry, EnquiryChange, FollowUp)  # by us


def has_enquiries():
    return Enquiry.objects.exists()


def fill_desk(scale, *, now, today):
    """All of it or nothing, in the school that `fill` made, or makes now. False when it was there already."""
    fill(scale, now=now, today=today)
    if has_enquiries():
        return False
    with transaction.atomic():
        execute("SET LOCAL session_replication_role = replica; SET LOCAL maintenance_work_mem = '1GB'")
        Channel.objects.bulk_create(Channel(pk=n, name=name) for n, name in enumerate(CHANNELS, 1))
        without = Branch.objects.filter(sales_policy__isnull=True)
        SalesPolicy.objects.bulk_create(SalesPolicy(branch=branch) for branch in without)
        _add_enquiries(scale, now)
        _add_history()
        count_on_from(NUMBERED)
        execute("SET LOCAL session_replication_role = DEFAULT")
        execute("ANALYZE")
    return True


def refuse_without_desk():
    refuse_unfilled()
    if not has_enquiries():
        raise DemoError(_("There are no enquiries to measure yet: start “manage.py bench desk --fill”."))


def _add_enquiries(scale, now):
    """Of a branch in turn; who signed up is one of its children. Nobody in a hundred has an owner."""
    number = scale.branches * scale.children_here * EACH
    here = f"mod((n - 1) / {scale.branches}, {scale.children_here})"  # a child of the branch, by its place there
    branch = f"mod(n - 1, {scale.branches})"
    at = f"('{now.isoformat()}'::timestamptz - interval '1 day' * {DAYS} * (1 - n::float / {number}))"
    stage = _stage(f"mod(n / {scale.branches} * 37 + n, 100)")  # every branch has them all
    source = f"""(
        SELECT n, {branch} + 1 AS branch_id, {branch} * {scale.children_here} + {here} + 1 AS child_id, {at} AS at,
               {stage} AS stage,
               CASE WHEN mod(n, 100) > 0 THEN {branch} * {scale.staff_here} + 1 + mod(n / 7, 2) END AS owner_id
        FROM generate_series(1, {number}) AS n
    ) AS asked"""  # noqa: S608  our own numbers
    reached = _reached("stage")
    insert(
        Enquiry,
        source,
        id="n",
        branch_id="branch_id",
        child_name="'线索' || n",
        name_initials="'xs' || n",
        guardian_name="'家长' || n",
        phone=f"CASE WHEN stage = 'signed' THEN '+86139' || lpad(child_id::text, 8, '0') "
        f"ELSE '+86137' || lpad(mod(n, {number} - {number} / 50)::text, 8, '0') END",  # one in fifty asked twice
        course_id=f"mod(n, {COURSES}) + 1",
        channel_id=f"mod(n / 3, {len(CHANNELS)}) + 1",
        last_channel_id=f"mod(n / 3, {len(CHANNELS)}) + 1",
        owner_id="owner_id",
        owned_at="CASE WHEN owner_id IS NOT NULL THEN at END",
        stage="stage",
        registered_date="(at AT TIME ZONE 'Asia/Shanghai')::date",
        created_at="at",
        contacted_at=f"CASE WHEN {reached} > 0 THEN at + interval '2 hours' END",
        booked_at=f"CASE WHEN {reached} > 1 THEN at + interval '1 day' END",
        came_at=f"CASE WHEN {reached} > 2 THEN at + interval '4 days' END",
        signed_at="CASE WHEN stage = 'signed' THEN at + interval '6 days' END",
        lost_at="CASE WHEN stage = 'lost' THEN at + interval '20 days' END",
        lost_reason="CASE WHEN stage <> 'lost' THEN '' WHEN mod(n, 10) = 0 THEN 'invalid' ELSE 'price' END",
        last_contact_at=f"CASE WHEN {reached} > 0 THEN at + interval '3 days' END",
        next_follow_up_at="CASE WHEN stage NOT IN ('signed', 'lost') AND owner_id IS NOT NULL AND mod(n, 20) > 0 "
        f"THEN '{now.isoformat()}'::timestamptz + interval '1 hour' * (mod(n, 96) - 48) END",
        student_id="CASE WHEN stage = 'signed' THEN child_id END",
        token="'bench-' || n",  # noqa: S106  a number
    )


def _stage(share):
    bound, cases = 0, []
    for stage, count in STAGES:
        bound += count
        cases.append(f"WHEN {share} < {bound} THEN '{stage}'")
    return f"CASE {' '.join(cases)} END"


def _reached(stage):
    """How far it came: of those that were lost every other one had come to a trial."""
    return (
        f"CASE {stage} WHEN 'new' THEN 0 WHEN 'contacted' THEN 1 WHEN 'trial_booked' THEN 2 WHEN 'came' THEN 3 "
        f"WHEN 'signed' THEN 3 ELSE 1 + 2 * mod(n, 2) END"
    )


def _add_history():
    """Two contacts with each that was reached, and the lines of its history."""
    contacts = (
        "students_enquiry e, generate_series(0, 1) AS k WHERE e.contacted_at IS NOT NULL AND e.owner_id IS NOT NULL"
    )
    insert(
        FollowUp,
        contacts,
        branch_id="e.branch_id",
        enquiry_id="e.id",
        outcome="CASE k WHEN 0 THEN 'no_answer' ELSE 'interested' END",
        text="'问了上课时间'",
        at="e.contacted_at + interval '1 day' * k",
        by_id="e.owner_id",
        token="'bench-' || e.id || '-' || k",  # noqa: S106  a number
    )
    insert(
        EnquiryChange,
        "students_enquiry e",
        enquiry_id="e.id",
        kind="'created'",
        at="e.created_at",
        by_id="e.owner_id",
        to_stage="'new'",
        to_owner_id="e.owner_id",
        channel_id="e.channel_id",
    )
    insert(
        EnquiryChange,
        "students_enquiry e WHERE e.stage <> 'new'",
        enquiry_id="e.id",
        kind="'stage'",
        at="COALESCE(e.lost_at, e.signed_at, e.came_at, e.booked_at, e.contacted_at)",
        by_id="e.owner_id",
        from_stage="'new'",
        to_stage="e.stage",
    )
