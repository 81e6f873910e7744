"""The endpoint for other systems: WeChat official-account forms, Douyin leads and the like. See docs/api.md.

The description at openapi.json is public, for it tells nothing of the school; there is no page of documentation here,
which would load scripts from elsewhere.
"""

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from branches.models import Branch
from core.addresses import client_address
from courses.models import Course
from sales.api_schemas import EnquiryIn, EnquiryOut, Problem
from sales.models import Campaign
from sales.services.forms_and_sources import find_source, note_use
from sales.services.limits import TooManyError, check_limit, count_request
from sales.services.ways_in import Asked, Consent, SameIdError, receive_enquiry

MOST_BYTES = 64 * 1024

api = NinjaAPI(
    title="Qingxiao",
    version="1",
    description="Enquiries from other systems. Each carries the guardian's consent; the same id counts once.",
    urls_namespace="api",
    docs_url=None,
)


class BranchError(Exception):
    """Which branch the enquiry is for cannot be told; carries the sentence."""


class SourceToken(HttpBearer):
    """`request.auth` is the source whose token this is."""

    def authenticate(self, request, token):
        source = find_source(token)
        if source is None:
            return None
        now = timezone.now()
        count_request(what=f"source:{source.pk}", limit=settings.API_REQUESTS_PER_SOURCE, now=now)
        note_use(source=source, now=now)
        if _size(request) > MOST_BYTES:
            raise HttpError(413, _("An enquiry has at most %(number)d kB.") % {"number": MOST_BYTES // 1024})
        return source

    def __call__(self, request):
        """Whoever tries tokens is not listened to for a while."""
        refusals = {"what": f"refused:{client_address(request)}", "limit": settings.API_REFUSALS_PER_ADDRESS}
        check_limit(**refusals, now=timezone.now())
        source = super().__call__(request)
        if source is None:
            count_request(**refusals, now=timezone.now())
        return source


@api.post(
    "/enquiries",
    auth=SourceToken(),
    response={200: EnquiryOut, 201: EnquiryOut, **dict.fromkeys([401, 409, 413, 422, 429], Problem)},
    operation_id="post_enquiry",
    url_name="api_enquiries",
    summary="Hand over an enquiry",
)
def post_enquiry(request, enquiry: EnquiryIn):
    """201: taken in. 200: this id, with the same content, was taken in before; nothing changes."""
    source, now = request.auth, timezone.now()
    branch = _branch(source, enquiry.branch)
    course, campaign = _course(enquiry.course), _campaign(enquiry.campaign, branch)
    received = receive_enquiry(
        way=source,
        external_id=enquiry.id,
        branch=branch,
        asked=_asked(enquiry, course),
        consent=Consent(enquiry.consent.version, enquiry.consent.at),
        campaign=campaign,
        now=now,
    )
    matched = {"course": (enquiry.course, course), "campaign": (enquiry.campaign, campaign)}
    return Status(
        201 if received.is_new else 200,
        {
            "id": enquiry.id,
            "received_at": received.submission.received_at,
            "not_matched": [field for field, (sent, found) in matched.items() if sent and found is None],
        },
    )


def _branch(source, code):
    """The source's own; of a source of the whole school the one that is named."""
    if source.branch:
        if code and code != source.branch.code:
            raise BranchError(_("This token is for another branch: leave the field out."))
        return source.branch
    branch = Branch.objects.filter(code=code).first() if code else None
    if branch is None:
        raise BranchError(_("Name the branch by its code: this token is for the whole school."))
    return branch


def _course(wanted):
    """By its number or its name, among those on sale; an enquiry is not refused because a course was renamed."""
    if not wanted:
        return None
    key = {"pk": wanted} if isinstance(wanted, int) else {"name": wanted}
    return Course.objects.filter(is_active=True, **key).first()


def _campaign(name, branch):
    """The branch's own before one of the whole school."""
    campaigns = Campaign.objects.at(branch).filter(name=name).order_by(F("branch_id").asc(nulls_last=True))
    return campaigns.first() if name else None


def _asked(enquiry, course):
    unknown = str(enquiry.course) if enquiry.course and course is None else ""
    return Asked(
        child_name=enquiry.child_name,
        phone=enquiry.phone,
        course=course,
        guardian_name=enquiry.guardian_name,
        note=" · ".join(filter(None, [unknown, enquiry.note])),
    )


def _size(request):
    """As it is announced; what is no number is too much."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return MOST_BYTES + 1


# --- what went wrong, in sentences ------------------------------------------------------------------------


def _problem(request, status, detail, errors=(), **headers):
    response = api.create_response(request, {"detail": detail, "errors": list(errors)}, status=status)
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


@api.exception_handler(AuthenticationError)
def _no_token(request, error):
    detail = _("Send the token of this source: “Authorization: Bearer qx_…”. Managers make one on the page of sources.")
    return _problem(request, 401, detail, WWW_Authenticate="Bearer")


@api.exception_handler(TooManyError)
def _too_many(request, error):
    detail = _("Too many requests: wait %(number)d seconds.") % {"number": error.seconds}
    return _problem(request, 429, detail, Retry_After=str(error.seconds))


@api.exception_handler(SameIdError)
def _same_id(request, error):
    return _problem(request, 409, str(error), [{"field": "id", "message": str(error)}])


@api.exception_handler(BranchError)
def _no_branch(request, error):
    return _problem(request, 422, str(error), [{"field": "branch", "message": str(error)}])


@api.exception_handler(HttpError)
def _refused(request, error):
    """The framework's 400 is a body that is no JSON."""
    if error.status_code == 400:
        return _problem(request, 422, _("The body is not JSON in UTF-8."))
    return _problem(request, error.status_code, str(error))


@api.exception_handler(ValidationError)
def _invalid(request, error):
    errors = [{"field": _field(one["loc"]), "message": _sentence(one)} for one in error.errors]
    return _problem(request, 422, _("The enquiry was not taken in: see what is said of each field."), errors[:20])


def _field(location):
    """("body", "enquiry", "consent", "at") → consent.at; the parts of a choice ("str", "int") are no fields."""
    known = {*EnquiryIn.model_fields, *("version", "at")}
    return ".".join(str(part) for part in location[2:] if part in known) or "enquiry"


def _sentence(error):
    """What a person reads of a refusal by the schema; what our own rules say stands as they say it."""
    limits = error.get("ctx", {})
    if error["type"] == "value_error":
        return limits["error"]
    words = {
        "missing": _("This is missing."),
        "extra_forbidden": _("There is no such field."),
        "string_too_long": _("At most %(number)s signs.") % {"number": limits.get("max_length")},
        "string_too_short": _("This must not be empty."),
    }
    return words.get(error["type"]) or _("This is not of the kind that is expected: see openapi.json.")
