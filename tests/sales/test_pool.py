"""Whose a new enquiry is, the pool, and what happens when two want the same."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from branches.models import Membership
from sales.models import SalesPolicy
from sales.services.owners import owner_for
from sales.services.pool import claim_enquiry, give_up
from students.models import Enquiry, EnquiryChange
from students.services import EnquiryError, assign_enquiry, open_enquiry
from tests.factories import NOW, EnquiryFactory, adviser_of, at, desk_of, manager_of, teacher_of
from tests.races import at_once, check_refusals

DAY = timedelta(days=1)


def pooled(branch, **fields):
    return EnquiryFactory(**({"branch": branch, "pooled_at": NOW - DAY} | fields))


def rule(branch, **fields):
    SalesPolicy.objects.filter(branch=branch).update(**fields)


def register(branch, by, now=NOW, **facts):
    """As the pages do it: whose it is, and the enquiry, in one transaction."""
    with transaction.atomic():
        owner = owner_for(branch=branch, by=by, now=now)
        facts = {"child_name": "钱小小", "phone": "", "course": None, "channel": None, **facts}
        return open_enquiry(branch=branch, by=by, now=now, owner=owner, **facts)


# --- whose a new one is ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_whoever_registers_it_owns_it_and_a_family_s_own_form_gives_it_to_nobody(branch):
    desk = desk_of(branch)

    assert owner_for(branch=branch, by=desk, now=NOW) == desk
    assert owner_for(branch=branch, by=None, now=NOW) is None
    rule(branch, owner_rule="nobody")
    assert owner_for(branch=branch, by=desk, now=NOW) is None


@pytest.mark.django_db
def test_advisers_take_turns_the_one_who_waited_longest_is_next(branch, other_branch):
    rule(branch, owner_rule="round_robin")
    first, second, third = adviser_of(branch), desk_of(branch), adviser_of(branch)
    manager_of(branch), teacher_of(branch), desk_of(other_branch), adviser_of(branch, is_active=False)
    leaver = adviser_of(branch)
    Membership.objects.filter(user=leaver).update(valid_until=NOW.date() - DAY)

    owners = [register(branch, None, NOW + number * DAY).owner for number in range(7)]
    assert owners == [first, second, third, first, second, third, first]

    assign_enquiry(enquiry=EnquiryFactory(branch=branch), owner=second, by=first, now=NOW + 8 * DAY)
    assert register(branch, None, NOW + 9 * DAY).owner == third  # whoever was given one has had a turn


@pytest.mark.django_db
def test_turns_of_another_branch_do_not_count_here(branch, other_branch):
    for place in (branch, other_branch):
        rule(place, owner_rule="round_robin")
    both, here = adviser_of(branch), adviser_of(branch)
    Membership.objects.create(user=both, branch=other_branch, role="adviser")
    register(other_branch, None)

    assert register(branch, None).owner == both
    assert register(branch, None, NOW + DAY).owner == here


@pytest.mark.django_db
def test_where_nobody_sells_a_manager_gives_it_out(branch):
    rule(branch, owner_rule="round_robin")

    assert owner_for(branch=branch, by=manager_of(branch), now=NOW) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_of_enquiries_that_come_in_at_once_everybody_gets_as_many(branch):
    rule(branch, owner_rule="round_robin")
    people = [adviser_of(branch) for _number in range(4)]

    results = at_once([partial(register, branch, None, NOW + number * DAY) for number in range(8)])

    assert check_refusals(results) == 8
    numbers = [Enquiry.objects.filter(owner=person).count() for person in people]
    assert sum(numbers) == 8
    assert min(numbers) >= 1


# --- claiming --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_claim_gives_it_an_owner_and_repeating_it_changes_nothing(branch):
    desk, enquiry = desk_of(branch), pooled(branch)

    for _click in range(2):
        claim_enquiry(enquiry=enquiry, by=desk, now=NOW)

    enquiry.refresh_from_db()
    assert (enquiry.owner, enquiry.owned_at, enquiry.pooled_at) == (desk, NOW, None)
    assert [change.kind for change in enquiry.changes.all()] == ["owner"]


@pytest.mark.django_db
def test_a_day_s_claims_are_limited_and_the_day_is_the_branch_s(branch, other_branch):
    rule(branch, claims_a_day=2)
    desk, night = desk_of(branch), at("2026-11-21 23:59")
    claim = partial(claim_enquiry, by=desk)
    for _number in range(2):
        claim(enquiry=pooled(branch), now=night)
    assign_enquiry(enquiry=EnquiryFactory(branch=branch), owner=desk, by=manager_of(branch), now=night)

    with pytest.raises(EnquiryError):
        claim(enquiry=pooled(branch), now=night)
    claim(enquiry=pooled(other_branch), now=night)  # another branch, another limit
    claim(enquiry=pooled(branch), now=night + timedelta(minutes=1))  # midnight in Shanghai, still the same day in UTC


@pytest.mark.django_db
def test_without_a_limit_one_may_claim_many_and_with_none_at_all_nothing(branch):
    desk = desk_of(branch)
    rule(branch, claims_a_day=None)
    for _number in range(7):
        claim_enquiry(enquiry=pooled(branch), by=desk, now=NOW)

    rule(branch, claims_a_day=0)
    with pytest.raises(EnquiryError):
        claim_enquiry(enquiry=pooled(branch), by=desk_of(branch), now=NOW)


@pytest.mark.django_db
def test_a_former_owner_waits_while_colleagues_have_the_first_go(branch):
    former, colleague = desk_of(branch), desk_of(branch)
    enquiry = EnquiryFactory(branch=branch, owner=former, owned_at=NOW)
    give_up(enquiry=enquiry, by=former, now=NOW, reason="没空")

    with pytest.raises(EnquiryError, match="11月28日"):
        claim_enquiry(enquiry=enquiry, by=former, now=NOW + 6 * DAY)
    claim_enquiry(enquiry=enquiry, by=colleague, now=NOW + 6 * DAY)
    give_up(enquiry=enquiry, by=colleague, now=NOW + 6 * DAY, reason="打不通")
    claim_enquiry(enquiry=enquiry, by=former, now=NOW + 7 * DAY)

    enquiry.refresh_from_db()
    assert enquiry.owner == former


@pytest.mark.django_db
@pytest.mark.parametrize("facts", [{"pooled_at": None}, {"stage": "lost"}, {"stage": "signed"}])
def test_only_what_is_in_the_pool_can_be_claimed(branch, facts):
    with pytest.raises(EnquiryError):
        claim_enquiry(enquiry=pooled(branch, **facts), by=desk_of(branch), now=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_of_two_who_claim_at_once_one_gets_it_and_the_other_reads_who_has_it(branch):
    enquiry, people = pooled(branch), [desk_of(branch) for _number in range(6)]

    results = at_once([partial(claim_enquiry, enquiry=enquiry, by=person, now=NOW) for person in people])

    assert check_refusals(results, EnquiryError) == 1
    winner = Enquiry.objects.get(pk=enquiry.pk).owner
    assert all(winner.name in str(result) for result in results if isinstance(result, EnquiryError))
    assert EnquiryChange.objects.filter(kind="owner").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_one_person_s_claims_at_once_keep_to_the_limit(branch):
    rule(branch, claims_a_day=3)
    desk, enquiries = desk_of(branch), [pooled(branch) for _number in range(8)]

    results = at_once([partial(claim_enquiry, enquiry=enquiry, by=desk, now=NOW) for enquiry in enquiries])

    assert check_refusals(results, EnquiryError) == 3
    assert Enquiry.objects.filter(owner=desk).count() == 3


# --- giving up -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_giving_up_needs_a_reason_and_keeps_who_had_it(branch):
    desk = desk_of(branch)
    enquiry = EnquiryFactory(branch=branch, owner=desk, next_follow_up_at=NOW)

    with pytest.raises(EnquiryError):
        give_up(enquiry=enquiry, by=desk, now=NOW, reason="  ")
    give_up(enquiry=enquiry, by=desk, now=NOW, reason="搬家了")

    change = enquiry.changes.get()
    assert (change.kind, change.from_owner, change.by, change.reason) == ("pool", desk, desk, "搬家了")
    assert Enquiry.objects.pooled().get() == enquiry


@pytest.mark.django_db
def test_a_closed_one_is_not_given_up(branch):
    with pytest.raises(EnquiryError):
        give_up(enquiry=EnquiryFactory(branch=branch, stage="lost"), by=desk_of(branch), now=NOW, reason="x")


# --- the page --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_claims_and_says_what_is_left_of_the_day(client, branch, other_branch):
    enquiry, foreign = pooled(branch, phone="+8613812345678"), pooled(other_branch)
    client.force_login(desk_of(branch))

    page = client.get("/enquiries/pool/")
    assert [row.pk for row in page.context["enquiries"]] == [enquiry.pk]
    assert page.context["claims"] == [{"branch": branch, "number": 0, "most": 5}]
    assert "138 1234 5678" not in page.content.decode()
    assert client.post(f"/enquiries/{foreign.pk}/claim/").status_code == 404

    assert client.post(f"/enquiries/{enquiry.pk}/claim/").url == f"/enquiries/{enquiry.pk}/"
    assert client.get("/enquiries/pool/").context["claims"][0]["number"] == 1


@pytest.mark.django_db
def test_the_page_of_an_enquiry_gives_it_up_only_for_its_owner_or_a_manager(client, branch):
    owner, colleague = desk_of(branch), desk_of(branch)
    enquiry = EnquiryFactory(branch=branch, owner=owner)
    url = f"/enquiries/{enquiry.pk}/give-up/"

    client.force_login(colleague)
    assert "give-up" not in client.get(f"/enquiries/{enquiry.pk}/").content.decode()
    assert client.post(url, {"reason": "x"}).status_code == 403
    client.force_login(owner)
    assert url in client.get(f"/enquiries/{enquiry.pk}/").content.decode()
    client.post(url, {"reason": "没空"})

    enquiry.refresh_from_db()
    assert enquiry.pooled_at is not None
    client.force_login(colleague)
    assert f"/enquiries/{enquiry.pk}/claim/" in client.get(f"/enquiries/{enquiry.pk}/").content.decode()
