"""What a notice says to one guardian, and what is not to stand in it."""

from functools import reduce

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from messaging.channels import channel_class
from messaging.lint import PROFILES, Finding, Severity, lint, profile_of
from messaging.models import Purpose
from messaging.rendering import signed
from messaging.routing import Routes


class Wording:
    """The words of one notice, by branch; which channels these send by is asked once, in one query.

    They are in the school's language, whoever sends it.
    """

    def __init__(self, notice):
        self.notice = notice
        self._routes = Routes()

    @translation.override(settings.LANGUAGE_CODE)
    def text(self, names, branch):
        """To a guardian of these children, without the signature."""
        text = self.notice.text
        if self.notice.with_names and names:
            text = _("To the family of %(children)s: %(text)s") % {"children": _listed(names), "text": text}
        return self._with_way_out(text, branch)

    def signed(self, names, branch):
        """As it arrives."""
        return signed(self.text(names, branch), branch)

    def findings(self, branch):
        """What the carriers behind the branch's channels say to it (messaging.lint), each sentence once.

        A warning that they would give of any text, because of what we add to it, is not the writer's.
        """
        found = [] if self._takes_free_text(branch) else [_only_templates()]
        for profile in self._profiles(branch):
            of_any_text = lint(self._with_way_out("…", branch), purpose=self.notice.purpose, provider=profile)
            sent = self.signed((), branch)
            of_this = lint(self.text((), branch), purpose=self.notice.purpose, provider=profile, sent=sent)
            found += [finding for finding in of_this if finding.is_error or finding not in of_any_text]
        return list(dict.fromkeys(found))

    @translation.override(settings.LANGUAGE_CODE)
    def _with_way_out(self, text, branch):
        if self.notice.purpose != Purpose.MARKETING:
            return text
        return _("%(text)s %(way_out)s") % {"text": text, "way_out": self._way_out(branch)}

    def _way_out(self, branch):
        """How a family refuses the next offer: by an answer, where answers reach us."""
        profile = PROFILES[self._profiles(branch)[0]]
        if profile.takes_replies:
            by_answer = _("Reply STOP to opt out")
            return by_answer if by_answer in profile.offer_endings else profile.offer_endings[0]
        if branch.phone:
            return _("For no more offers, call %(phone)s.") % {"phone": branch.phone}
        return _("For no more offers, tell the front desk.")

    def _takes_free_text(self, branch):
        return any(channel_class(code).takes_free_text for code in self._channels(branch))

    def _channels(self, branch):
        return [route.channel for route in self._routes.order(branch.pk, Purpose(self.notice.purpose))]

    def _profiles(self, branch):
        profiles = [profile_of(code, branch) for code in self._channels(branch)]
        return [profile for profile in profiles if profile] or [profile_of("sms", branch)]


def _only_templates():
    sentence = _(
        "The branch's SMS provider sends nothing but texts that it has approved: no notice in words of one's own."
    )
    return Finding(Severity.ERROR, sentence)


def _listed(names):
    return reduce(
        lambda some, one: pgettext("names of children", "%(some)s, %(one)s") % {"some": some, "one": one}, names
    )
