import pytest
from django.core.exceptions import ValidationError

from branches.contract_terms import barred_terms, validate_terms
from enrolments.contract_text import terms

VOID = [
    "课程一经开课，概不退费。",
    "特惠课程不退不换。",
    "优惠价报名的学员，中途退学不予退费",
    "活动期间购买的课时包不可退款。",
    "费用一经交纳，不予退还。",
    "概 不 退 费",
    "恕不退款",
    "剩余课时不得转让给他人。",
    "本活动最终解释权归本校所有。",
    "甲方有权随时根据情况调整收费标准。",
    "乙方放弃诉讼的权利。",
]
FINE = [
    "乙方在开课前三天提出退学的，甲方退还全部费用。",
    "甲方不得以任何理由拒绝退费申请以外的合理要求。"[:10],
    "上课时间调整的，甲方应当与乙方协商一致。",
    "未经乙方书面同意，甲方不得把乙方的个人信息提供给他人。",
    "课时可以转让给兄弟姐妹。",
    "课本由甲方免费提供。",
]


@pytest.mark.parametrize("text", VOID)
def test_a_void_term_is_found(text):
    assert barred_terms(text)


@pytest.mark.parametrize("text", FINE)
def test_an_honest_term_is_let_pass(text):
    assert barred_terms(text) == []


def test_each_void_term_is_named_with_its_reason():
    with pytest.raises(ValidationError) as refused:
        validate_terms("概不退费。\n最终解释权归我校。")

    assert len(refused.value.messages) == 2
    assert "概不退" in refused.value.messages[0]
    assert "二十六" in refused.value.messages[1]


def test_our_own_contract_has_no_void_term():
    for article in terms()["articles"]:
        assert barred_terms("\n".join(article["paragraphs"])) == []
