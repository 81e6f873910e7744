"""What the provider tells us: reports on what we sent, and texts that come in."""

import logging

from django.conf import settings
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseForbidden
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from messaging.inbound import receive
from messaging.rendering import E164
from messaging.services import UnknownAttemptError, record_status_callback

LONGEST_TEXT = 1600  # characters; the provider's limit
logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def twilio_status(request, attempt_id):
    """One report on one attempt. The signature is the only proof of where it comes from."""
    if not is_signed_by_twilio(request):
        logger.warning("a delivery report with a wrong signature was refused")
        return HttpResponseForbidden()
    try:
        record_status_callback(
            attempt_id=attempt_id,
            status=request.POST.get("MessageStatus", "")[:30],
            provider_sid=request.POST.get("MessageSid", "")[:64],
            error_code=request.POST.get("ErrorCode", "")[:20],
            now=timezone.now(),
        )
    except UnknownAttemptError:  # answered like any other, so that the provider does not try again
        logger.warning("a delivery report on an unknown attempt was ignored")
    return HttpResponse()


@csrf_exempt
@require_POST
def twilio_inbound(request):
    """One text that came in. The empty answer tells the provider to send nothing back."""
    if not is_signed_by_twilio(request):
        logger.warning("a text with a wrong signature was refused")
        return HttpResponseForbidden()
    if not request.POST.get("MessageSid") or not E164.fullmatch(request.POST.get("From", "")):
        return HttpResponseBadRequest()
    receive(
        provider_sid=request.POST["MessageSid"][:64],
        from_phone=request.POST["From"],
        body=request.POST.get("Body", "").replace("\x00", "")[:LONGEST_TEXT],
        opt_out_type=request.POST.get("OptOutType", ""),
        now=timezone.now(),
    )
    return HttpResponse("<Response/>", content_type="text/xml")


def is_signed_by_twilio(request):
    """Whether the report was signed with our token, or with the one before it while the token is changed.

    The signature covers the address that the provider was given; the Host header is anybody's word.
    """
    url = settings.PUBLIC_BASE_URL + request.get_full_path()
    signature = request.headers.get("X-Twilio-Signature", "")
    tokens = [settings.TWILIO_AUTH_TOKEN, settings.TWILIO_PREVIOUS_AUTH_TOKEN]
    return any(RequestValidator(token).validate(url, request.POST, signature) for token in tokens if token)
