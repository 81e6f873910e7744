"""What the desk and the sales side do in the large school, and the numbers that its managers read."""

from functools import partial

from django.urls import reverse

from branches.models import User
from branches.roles import Role
from config.demo.bench_work import Task, client_of, expect, manager_of, nth_branch, owner
from students.models import Enquiry, Student


def desk_of(branch):
    return User.objects.filter(memberships__branch=branch, memberships__role=Role.FRONT_DESK).first()


def _page(address_of, who=desk_of):
    """The measured part is a page: `address_of(branch, number)`, opened by `who(branch)`."""

    def prepare(number):
        branch = nth_branch(number)
        client, address = client_of(who(branch)), address_of(branch, number)
        return lambda: expect(client.get(address), 200)

    return prepare


def _search(text_of):
    return lambda branch, number: f"{reverse('search')}?q={text_of(_child(branch, number))}"


def _child(branch, number):
    children = Student.objects.filter(branches=branch).order_by("pk")
    return children[number % children.count()]


def _open_enquiry(branch, number):
    enquiries = Enquiry.objects.filter(branch=branch).open().order_by("pk")
    return enquiries[number % enquiries.count()]


def _of(url_name, row_of):
    return lambda branch, number: reverse(url_name, args=[row_of(branch, number).pk])


def _at(url_name, query=""):
    return lambda branch, number: reverse(url_name) + query


def _owner(branch):
    return owner()


search = partial(Task, goal=100, share=1)
page = partial(Task, goal=150, share=1)
report = partial(Task, goal=500, share=4)

TASKS = [
    search("search-phone-tail", prepare=_page(_search(lambda child: child.main_guardian.phone[-4:]))),
    search("search-phone", prepare=_page(_search(lambda child: child.main_guardian.phone[3:]))),
    search("search-name", prepare=_page(_search(lambda child: child.name))),
    search("search-part-of-name", prepare=_page(_search(lambda child: child.name[1:4]))),
    search("search-initials", prepare=_page(_search(lambda child: child.name_initials[:4]))),
    search("search-class", prepare=_page(lambda branch, number: f"{reverse('search')}?q=班级{number}")),
    search("search-by-owner", prepare=_page(_search(lambda child: child.name), _owner)),
    search("search-phone-by-owner", prepare=_page(_search(lambda child: child.main_guardian.phone[3:]), _owner)),
    page("home-desk", prepare=_page(_at("home"))),
    page("home-manager", prepare=_page(_at("home"), manager_of)),
    page("home-owner", prepare=_page(_at("home"), _owner)),
    page("student", prepare=_page(_of("student", _child))),
    page("enquiry", prepare=_page(_of("enquiry", _open_enquiry))),
    page("enquiry-list", prepare=_page(_at("enquiry_list"))),
    page("enquiry-list-owner", prepare=_page(_at("enquiry_list"), _owner)),
    page("enquiry-board", prepare=_page(_at("enquiry_board"))),
    page("pool", prepare=_page(_at("pool"))),
    report("numbers", prepare=_page(_at("numbers"), manager_of)),
    report("numbers-owner", prepare=_page(_at("numbers"), _owner)),
    report("funnel", prepare=_page(_at("numbers_funnel"), manager_of)),
    report("funnel-owner", prepare=_page(_at("numbers_funnel"), _owner)),
    report("branches-owner", prepare=_page(_at("numbers_branches"), _owner)),
]
