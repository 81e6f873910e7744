"""Forms, sources and families that ask by them."""

from sales.services.forms_and_sources import make_form, make_source
from sales.services.ways_in import Asked, Consent, receive_enquiry
from tests.factories import NOW, ChannelFactory, owner_of_school

PHONE = "+8613812345678"
CONSENT = "我同意学校为联系试听而使用以上信息。"


def form_of(branch, **more):
    facts = {"channel": more.pop("channel", None) or ChannelFactory(), "headline": "免费试听一节课", "token": "form"}
    facts |= {"consent": CONSENT, "by": more.pop("by", None) or owner_of_school(), "now": NOW}
    return make_form(branch=branch, **facts | more)


def source_of(branch, **more):
    """(source, token)"""
    facts = {"channel": more.pop("channel", None) or ChannelFactory(), "name": "公众号表单", "now": NOW}
    return make_source(branch=branch, by=more.pop("by", None) or owner_of_school(), **facts | more)


def receive(way, branch, *, external_id="1", consent=None, now=NOW, campaign=None, **asked):
    text = way.consent_text if hasattr(way, "consent_text") else None
    return receive_enquiry(
        way=way,
        external_id=external_id,
        branch=branch,
        asked=Asked(**{"child_name": "钱小小", "phone": PHONE} | asked),
        consent=consent or Consent(text.version if text else "2026-1", now, text),
        campaign=campaign,
        now=now,
    )
