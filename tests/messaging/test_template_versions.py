"""The school's own words: versions, what is in use where, and what a provider says of them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from messaging.models import ChannelRoute, MessageTemplate
from messaging.template_versions import TemplateError, approve, give_up, hand_in, refuse, write_template
from messaging.wording import Words, approved_code, wording_named
from tests.factories import NOW, BranchFactory, UserFactory
from tests.races import at_once, check_refusals
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
State = MessageTemplate.State
KEY = "class_reminder.room"
FACTS = {"child": "田萍", "course": "围棋", "when": "周六 09:00", "branch": "奥体校区", "room": "203"}


@pytest.fixture
def author(db):
    return UserFactory(name="马校长")


@pytest.fixture
def write(author):
    """write("{child}，明天见", branch=…): the next version, in Chinese unless told otherwise."""

    def write(text, *, key=KEY, language="zh-hans", branch=None, base=None, now=NOW, by=author):
        if base is None:
            base = MessageTemplate.objects.versions(key=key, language=language, branch=branch).count()
        return write_template(key=key, language=language, branch=branch, text=text, base_version=base, by=by, now=now)

    return write


@pytest.fixture
def provider(branch):
    """The branch sends through a provider that approves each text."""
    ChannelRoute.objects.create(branch=branch, purpose="service", position=1, channel="sms_aliyun")
    return {"branch": branch}


def said(branch, language="zh-hans"):
    return Words(branch, language).say(KEY, **FACTS)


# --- what is in use --------------------------------------------------------------------------------------


def test_a_text_is_in_use_once_it_is_saved(branch, write):
    template = write("{child}，明天在{branch}{room}见")

    assert (template.state, template.version) == (State.APPROVED, 1)
    assert said(branch) == "田萍，明天在奥体校区203见"


def test_the_branch_s_own_text_comes_before_that_of_the_school(branch, other_branch, write):
    write("学校：{child}")
    write("校区：{child}", branch=branch)

    assert [said(branch), said(other_branch)] == ["校区：田萍", "学校：田萍"]


def test_each_language_has_its_own(branch, write):
    built_in = said(branch)
    write("See you tomorrow, {child}", language="en")

    assert said(branch, "en") == "See you tomorrow, 田萍"
    assert said(branch) == built_in


def test_a_newer_version_takes_the_place_of_the_one_before(branch, write):
    first, second = write("一：{child}"), write("二：{child}")

    first.refresh_from_db()
    assert (first.state, second.state, second.version) == (State.RETIRED, State.APPROVED, 2)
    assert said(branch) == "二：田萍"


def test_given_up_the_words_before_it_are_back(branch, write, author):
    built_in = said(branch)
    school, own = write("学校：{child}"), write("校区：{child}", branch=branch)

    give_up(template=own, by=author, now=NOW)
    assert said(branch) == "学校：田萍"
    give_up(template=school, by=author, now=NOW)
    assert said(branch) == built_in


def test_a_text_of_another_version_of_the_software_is_not_sent(branch, write, author):
    built_in = said(branch)
    MessageTemplate.objects.create(
        key=KEY, language="zh-hans", version=1, text="{weather}", state="approved", written_by=author, written_at=NOW
    )

    assert said(branch) == built_in


def test_a_message_of_many_sentences_reads_them_once(branch, write, django_assert_num_queries):
    write("{child}见")
    words = Words(branch, "zh-hans")

    with django_assert_num_queries(1):
        for key in (KEY, KEY, "class_reminder.plain"):
            words.say(key, **FACTS)


# --- what may be saved -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{teacher}上课", "【轻校】{child}", "{child}限时优惠", "{child}" + "好" * 600])
def test_what_may_not_be_sent_is_not_saved(write, text):
    with pytest.raises(TemplateError):
        write(text)

    assert not MessageTemplate.objects.exists()


def test_a_text_for_all_branches_is_held_to_what_each_of_them_may_send(write):
    BranchFactory(time_zone="America/New_York")
    write("见 qingxiao.example.com，{child}")  # nobody's carrier minds
    BranchFactory(time_zone="Asia/Shanghai")

    with pytest.raises(TemplateError):
        write("再见 qingxiao.example.com，{child}")


def test_saved_twice_is_saved_once(write):
    assert write("{child}见", base=0) == write("{child}见", base=0)


def test_who_has_not_seen_the_newest_text_is_told_who_wrote_it(write):
    write("一：{child}")

    with pytest.raises(TemplateError, match="马校长"):
        write("二：{child}", base=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("versions_before", [0, 1])
def test_of_two_who_write_at_once_one_wins(write, one_race_at_a_time, versions_before):
    for _number in range(versions_before):
        write("前：{child}")

    results = at_once(
        [lambda: write("甲：{child}", base=versions_before), lambda: write("乙：{child}", base=versions_before)]
    )

    assert check_refusals(results, TemplateError) == 1
    assert MessageTemplate.objects.in_use().count() == 1


# --- with a provider that approves -----------------------------------------------------------------------


def test_a_text_waits_for_the_provider_and_the_one_before_goes_on(branch, write, provider, author):
    built_in = said(branch)

    template = write("{child}见", branch=branch)
    assert (template.state, said(branch)) == (State.DRAFT, built_in)
    hand_in(template=template, by=author, now=NOW)
    assert said(branch) == built_in

    approve(template=template, code="SMS_1", by=author, now=NOW)
    assert said(branch) == "田萍见"


def test_the_code_is_that_of_the_very_words(branch, write, provider, author):
    approve(template=write("{child}见", branch=branch), code="SMS_1", by=author, now=NOW)
    asked = {"key": KEY, "branch": branch, "facts": FACTS}

    assert approved_code(provider="sms_aliyun", text="田萍见", **asked) == "SMS_1"
    assert approved_code(provider="sms_other", text="田萍见", **asked) == ""
    assert approved_code(provider="sms_aliyun", text="田萍在", **asked) == ""
    assert approved_code(provider="sms_aliyun", text="田萍见", **asked | {"facts": {}}) == ""


def test_a_refused_text_is_never_sent(branch, write, provider, author):
    template = write("{child}见", branch=branch)
    refuse(template=template, note="太短", by=author, now=NOW)

    with pytest.raises(TemplateError):
        approve(template=template, code="SMS_1", by=author, now=NOW)
    assert said(branch) != "田萍见"


def test_answers_without_code_or_reason_are_asked_for(branch, write, provider, author):
    template = write("{child}见", branch=branch)

    with pytest.raises(TemplateError):
        approve(template=template, code="", by=author, now=NOW)
    with pytest.raises(TemplateError):
        refuse(template=template, note="", by=author, now=NOW)


def test_another_text_takes_the_place_of_one_that_waits(branch, write, provider):
    first, second = write("一：{child}", branch=branch), write("二：{child}", branch=branch)

    first.refresh_from_db()
    assert [first.state, second.state] == [State.RETIRED, State.DRAFT]


def test_a_text_that_was_approved_before_is_in_use_at_once(branch, write, provider, author):
    for text, code in (("一：{child}", "SMS_1"), ("二：{child}", "SMS_2")):
        approve(template=write(text, branch=branch), code=code, by=author, now=NOW)

    again = write("一：{child}", branch=branch)

    assert (again.state, again.provider_code, said(branch)) == (State.APPROVED, "SMS_1", "一：田萍")


def test_one_sentence_of_several_is_nothing_a_provider_approves(branch, write, provider):
    assert not wording_named("renewal_reminder.left").is_whole
    assert write("{child}还有{credits}节", key="renewal_reminder.left", branch=branch).state == State.APPROVED


# --- what the database refuses ---------------------------------------------------------------------------


def row(author, **fields):
    facts = {"key": KEY, "language": "zh-hans", "version": 1, "text": "好", "state": "retired", "written_at": NOW}
    return MessageTemplate.objects.create(**facts | {"written_by": author} | fields)


@pytest.mark.parametrize(
    ("constraint", "state"),
    [
        ("messagetemplate_version", None),
        ("messagetemplate_in_use", "approved"),
        ("messagetemplate_open", "draft"),
        ("messagetemplate_version_all", None),
        ("messagetemplate_in_use_all", "approved"),
        ("messagetemplate_open_all", "waiting"),
    ],
)
def test_each_there_is_only_once(branch, author, constraint, state):
    fields = {"branch": None if constraint.endswith("_all") else branch, "state": state or "retired"}
    row(author, **fields)

    with refused_by(constraint):
        row(author, **fields | {"version": 2 if state else 1})


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("messagetemplate_state", {"state": "lost"}),
        ("messagetemplate_text_there", {"text": ""}),
        ("messagetemplate_approved_by_code", {"state": "approved", "provider": "sms_aliyun"}),
        ("messagetemplate_refused_why", {"state": "refused"}),
    ],
)
def test_no_such_row(author, constraint, fields):
    with refused_by(constraint):
        row(author, **fields)


@pytest.mark.parametrize(
    "change",
    [{"text": "坏"}, {"key": "class_reminder.plain"}, {"language": "en"}, {"version": 2},
     {"written_at": NOW + timedelta(days=1)}, {"state": "approved"}],
)  # fmt: skip
def test_what_was_written_is_never_changed(author, change):
    template = row(author)

    with pytest.raises(IntegrityError, match="another version"):
        MessageTemplate.objects.filter(pk=template.pk).update(**change)


def test_nor_moved_to_a_branch_nor_deleted(author, branch):
    template = row(author)

    with refused_by("another version"):
        MessageTemplate.objects.filter(pk=template.pk).update(branch=branch)
    with refused_by("another version"):
        template.delete()
