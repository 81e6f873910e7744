"""What a text may not hold, by provider."""

import pytest

from messaging.lint import OFFER_WORDS, PROFILES, lint, profile_of
from messaging.models import Purpose
from tests.factories import BranchFactory

NOTICE = "上课提醒：{child}，明天 08:30，奥体校区。"
REFUSAL = "拒收请回复R"


def errors(text, *, purpose=Purpose.SERVICE, provider="aliyun", **fields):
    return [finding for finding in lint(text, purpose=purpose, provider=provider, **fields) if finding.is_error]


@pytest.mark.parametrize("provider", PROFILES)
def test_plain_notice_passes_everywhere(provider):
    assert lint(NOTICE, purpose=Purpose.SERVICE, provider=provider) == []


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "【轻校】您好", "学费￥100", "★明天上课", "催缴学费", "请加微信", "邀请到店体验", "见 https://qingxiao.example/a",
     "见 www.qingxiao.cn", "见 qingxiao.com"],
)  # fmt: skip
def test_what_carriers_of_china_refuse(text):
    assert [len(errors(text, provider=provider)) for provider in ("aliyun", "twilio_cn", "huawei", "tencent")] == [
        1
    ] * 4


def test_a_finding_names_what_it_found():
    assert "催缴" in errors("催缴学费")[0].sentence
    assert "qingxiao.com" in errors("见 qingxiao.com 吧")[0].sentence


def test_elsewhere_links_and_amounts_are_taken():
    assert errors("Pay ¥100 at https://qingxiao.example", provider="twilio") == []


@pytest.mark.parametrize("word", OFFER_WORDS)
@pytest.mark.parametrize("provider", ["twilio", "aliyun"])
def test_a_notice_holds_no_offer(word, provider):
    assert len(errors(f"明天上课 {word.upper()}", provider=provider)) == 1


def test_a_notice_greets_nobody_where_the_provider_calls_that_advertising():
    assert [len(errors("祝生日快乐", provider=provider)) for provider in ("aliyun", "twilio")] == [1, 0]


@pytest.mark.parametrize("ending", [REFUSAL, "回T退订", "Reply STOP to opt out"])
def test_a_notice_does_not_say_how_to_refuse(ending):
    assert len(errors(f"明天上课，{ending}")) == 1


def test_an_offer_says_how_to_refuse_the_next_one():
    offer = {"purpose": Purpose.MARKETING}

    assert len(errors("寒假班优惠", **offer)) == 1
    assert errors(f"寒假班优惠，{REFUSAL}", **offer) == []
    assert errors(f"寒假班优惠，{REFUSAL}。", **offer) == []
    assert len(errors(f"{REFUSAL}，寒假班优惠", **offer)) == 1


def test_where_no_answer_reaches_us_another_way_to_refuse_is_named():
    offer = {"purpose": Purpose.MARKETING, "provider": "twilio_cn"}

    assert len(errors(f"寒假班优惠，{REFUSAL}", **offer)) == 1
    [finding] = lint("寒假班优惠，不再接收请致电前台", **offer)
    assert not finding.is_error


def test_an_offer_at_huawei_has_no_variables():
    offer = {"text": f"{{child}}的寒假班，{REFUSAL}", "purpose": Purpose.MARKETING}

    assert [len(errors(provider=provider, **offer)) for provider in ("huawei", "aliyun")] == [1, 0]


def test_doubtful_words_are_a_warning():
    [finding] = lint("培训明天开始", purpose=Purpose.SERVICE, provider="huawei")

    assert not finding.is_error


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("好" * 500, 0),
        ("好" * 501, 1),
        ("好" * 490 + "😀" * 10, 0),
        ("👨‍👩‍👧" * 100, 1),
        ("a" * 500, 0),
        ("a" * 501, 1),
    ],
)
def test_length_is_that_of_what_is_sent(sent, found):
    """500 characters and eight parts; a family of emoji is eight units."""
    assert len(errors(NOTICE, sent=sent, provider="twilio_cn")) == found


@pytest.mark.django_db
def test_profile_follows_the_channel_and_the_place():
    here, there = BranchFactory(), BranchFactory(time_zone="America/New_York")

    assert [profile_of("sms", branch) for branch in (here, there)] == ["twilio_cn", "twilio"]
    assert [profile_of(channel, here) for channel in ("sms_aliyun", "slip", "call")] == ["aliyun", None, None]
