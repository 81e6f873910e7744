"""The addresses at which calendar programs read lessons: the page to make and revoke them, and what is read there."""

from functools import cached_property
from hashlib import sha256

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseNotFound, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import FormView, View

from branches.models import User
from branches.pages import StaffPageMixin
from core.clock import local_date
from scheduling.feeds import (
    Kind,
    create_feed,
    facts_of_feed,
    feeds_visible_to,
    find_feed,
    record_reading,
    revoke_feed,
    subjects_for,
    with_subjects,
)
from scheduling.forms.feeds import FeedForm
from scheduling.models import Lesson

MAY_MANAGE = "scheduling.add_calendarfeed"
PER_PAGE = 50


class FeedListView(StaffPageMixin, FormView):
    """Make an address and see it this once; the list shows which are in use, and revokes them."""

    title = gettext_lazy("Calendar on the phone")
    permission_required = "scheduling.view_timetable"
    template_name = "scheduling/feeds.html"
    form_class = FeedForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"subjects": [group for group in self._subjects() if group[1]]}

    def _subjects(self):
        user, own = self.request.user, subjects_for(self.request.user)
        if self.student:
            yield _("Child"), [(Kind.STUDENT, self.student, self.student.name)]
            return
        if Lesson.objects.filter(teacher=user).exists():
            yield pgettext("calendar feed", "Mine"), [(Kind.TEACHER, user, _("My lessons"))]
        if self.branch:
            today = local_date(timezone.now(), self.branch.time_zone)
            teachers = User.objects.teaching_at(self.branch).exclude(pk=user.pk)
            rows = {
                (Kind.CLASS, _("Classes")): own[Kind.CLASS].filter(branch=self.branch).running(today),
                (Kind.TEACHER, _("Teachers")): teachers,
                (Kind.ROOM, _("Rooms")): own[Kind.ROOM].filter(branch=self.branch),
            }
            for (kind, label), subjects in rows.items():
                yield label, [(kind, row, str(row)) for row in subjects]

    @cached_property
    def student(self):
        """The child that the page was opened for."""
        pk = self.request.GET.get("student", "")
        children = subjects_for(self.request.user)[Kind.STUDENT]
        return get_object_or_404(children, pk=pk) if pk.isdecimal() else None

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(MAY_MANAGE))

    @cached_property
    def branch(self):
        """Whose teachers, rooms and classes are offered."""
        chosen = self.request.GET.get("branch", "")
        return next((branch for branch in self.branches if str(branch.pk) == chosen), next(iter(self.branches), None))

    def form_valid(self, form):
        """No redirect: the address is shown in this answer and never again."""
        kind, subject = form.cleaned_data["subject"]
        _feed, secret = create_feed(kind=kind, resource=subject, by=self.request.user, now=timezone.now())
        address = settings.PUBLIC_BASE_URL + reverse("feed", args=[secret])
        return self.render_to_response(self.get_context_data(form=form, address=address, subject=subject))

    def get_context_data(self, **kwargs):
        feeds = feeds_visible_to(self.request.user).filter(revoked_at__isnull=True)
        if self.student:
            feeds = feeds.filter(kind=Kind.STUDENT, resource_id=self.student.pk)
        page = Paginator(feeds, PER_PAGE).get_page(self.request.GET.get("page"))
        return super().get_context_data(
            feeds=with_subjects(page.object_list),
            page_obj=page,
            branches=self.branches,
            branch=self.branch,
            student=self.student,
            may_find_children=self.request.user.has_perm("students.view_student"),
            **kwargs,
        )


class RevokeFeedView(StaffPageMixin, View):
    """Whoever may make such an address may end it."""

    permission_required = "scheduling.view_timetable"

    def post(self, request, *args, **kwargs):
        feed = get_object_or_404(feeds_visible_to(request.user), pk=kwargs["pk"])
        revoke_feed(feed=feed, now=timezone.now())
        messages.success(request, _("The address was revoked: calendars that read it get nothing more."))
        is_for_child = feed.kind == Kind.STUDENT
        return redirect(reverse("feed_list") + (f"?student={feed.resource_id}" if is_for_child else ""))


class FeedView(View):
    """For calendar programs, without signing in: the secret in the address is the key.

    An unknown address and a revoked one get the same answer. A calendar that asks again with the ETag of what it has
    is told so without the file being made. There is no Last-Modified: nobody writes down when a class was renamed or
    a child joined it, and a calendar that relied on it would keep what has changed.
    """

    http_method_names = ("get", "head", "options")

    def get(self, request, *args, **kwargs):
        now = timezone.now()
        feed = find_feed(kwargs["secret"])
        if feed is None:
            response = HttpResponseNotFound(_("This calendar does not exist."), content_type="text/plain")
        else:
            record_reading(feed=feed, now=now)
            response = self._calendar(feed, now)
        response["Cache-Control"] = "private, no-cache"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        return response

    def _calendar(self, feed, now):
        facts = facts_of_feed(feed, now=now)
        etag = _etag(feed, facts)
        known = parse_etags(self.request.headers.get("If-None-Match", ""))
        if "*" in known or etag in {tag.removeprefix("W/") for tag in known}:
            return HttpResponseNotModified(headers={"ETag": etag})
        from scheduling.icalendar import feed_calendar  # which no other page needs

        content = feed_calendar(feed, now=now, facts=facts)
        name = 'inline; filename="qingxiao.ics"'
        headers = {"ETag": etag, "Content-Disposition": name}
        return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)


def _etag(feed, facts):
    """Of what the file is made from, which is much quicker than making it."""
    return f'"{sha256(repr((feed.pk, facts)).encode()).hexdigest()[:32]}"'
