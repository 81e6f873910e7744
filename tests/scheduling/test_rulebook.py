"""The rule packs as data: read, laid over one another, and refused when something is wrong in them."""

import datetime

import pytest

from branches.models import Branch
from branches.roles import PERMISSIONS
from core.rule_packs import RulePackError, Severity
from scheduling import rulebook
from scheduling.rule_checks import CHECKS
from scheduling.rulebook import rules_of


@pytest.fixture
def packs(tmp_path, monkeypatch):
    """packs(name="text of the file") writes packs of its own."""
    monkeypatch.setattr(rulebook, "PACKS", tmp_path)
    rules_of.cache_clear()

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    yield write
    rules_of.cache_clear()


RULE = '[rules.latest_end]\nseverity = "block"\nsource = "80号"\nlast_reviewed = 2026-11-22\n'


@pytest.mark.parametrize("pack", Branch.RulePack.values)
def test_every_pack_a_branch_may_choose_can_be_read(pack):
    rules = rules_of(pack)

    assert rules
    for code, rule in rules.items():
        assert (rule.code, code in CHECKS, bool(rule.source)) == (code, True, True)
        assert isinstance(rule.last_reviewed, datetime.date)
        assert not rule.passes_with or any(rule.passes_with in granted for granted in PERMISSIONS.values())


def test_every_rule_with_a_title_has_a_check_and_every_check_a_rule():
    assert set(rulebook.TITLES) == set(CHECKS) == set(rules_of("national"))


def test_liaoning_has_the_national_rules_and_the_schools_own():
    assert set(rules_of("general")) < set(rules_of("national")) <= set(rules_of("liaoning"))
    assert rules_of("liaoning")["latest_end"].parameters["latest_end"] == "20:30"


def test_a_pack_lays_its_fields_over_those_it_extends(packs):
    packs(
        above=RULE + 'latest_end = "20:30"\narticle = "9"\n',
        below='extends = "above"\n[rules.latest_end]\nseverity = "warn"\nlatest_end = "20:00"\n',
    )

    rule = rules_of("below")["latest_end"]

    assert (rule.severity, rule.article, rule.source) == (Severity.WARN, "9", "80号")
    assert rule.time("latest_end") == datetime.time(20)
    assert rules_of("above")["latest_end"].is_block


@pytest.mark.parametrize(
    "text",
    [
        "rules = ",
        RULE.replace("latest_end", "unheard_of"),
        RULE.replace("block", "fatal"),
        RULE.replace('severity = "block"\n', ""),
        RULE.replace('source = "80号"\n', ""),
        RULE.replace("2026-11-22", '"soon"'),
        RULE + 'passes_with = "scheduling.fly"\n',
        'extends = "nothing"\n',
    ],
)
def test_a_pack_that_is_wrong_is_refused_with_its_name(packs, text):
    packs(wrong=text)

    with pytest.raises(RulePackError, match=r"wrong|nothing"):
        rules_of("wrong")
