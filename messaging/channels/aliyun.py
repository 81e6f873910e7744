"""SMS by Aliyun (阿里云短信服务, Dysmsapi 2017-05-25), for mainland numbers: only templates that were approved.

The request is signed as documented under "V3 request structure and signature" (ACS3-HMAC-SHA256):
https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature. OutId carries the attempt's id and
comes back in the list of what was sent (QuerySendDetails); it is no key against repetition. Reports and replies by
Aliyun's message queue are not taken yet: the list tells what became of a message.
"""

import datetime
import hashlib
import hmac
import json
import secrets
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from messaging.account import goes_to_its_provider, is_loopback
from messaging.channels.base import Answer, Channel, ListedMessage, ListingError
from messaging.models import MessageAttempt
from messaging.rules import HTTP_TIMEOUT

Outcome = MessageAttempt.Outcome
VERSION = "2017-05-25"
CHINA = ZoneInfo("Asia/Shanghai")
MAINLAND = "+86"
_LISTED = 50  # the most that one page holds
_THROTTLED = {"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "Throttling", "Throttling.User", "Throttling.Api"}
_REJECTED = {
    "isv.MOBILE_NUMBER_ILLEGAL", "isv.INVALID_PARAMETERS", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL", "isv.TEMPLATE_MISSING_PARAMETERS", "isv.TEMPLATE_PARAMS_ILLEGAL",
}  # fmt: skip
_STATUS = {1: "sent", 2: "undelivered", 3: "delivered"}  # SendStatus of the list


class AliyunSms(Channel):
    code = "sms_aliyun"
    label = _("SMS (Aliyun)")
    can_list = True
    takes_free_text = False
    settings_needed = ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET", "ALIYUN_SMS_SIGNATURE")
    sender_pattern = r"[^【】\s]{2,12}"

    @property
    def default_sender(self):
        return settings.ALIYUN_SMS_SIGNATURE

    def is_configured(self):
        account = (
            settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET, settings.ALIYUN_SMS_SIGNATURE
        )  # fmt: skip
        return all(account) and goes_to_its_provider("ALIYUN_SMS_BASE_URL")

    def send(self, attempt, *, valid_for, deadline):
        from messaging.channels.http import answer_without_response

        try:
            response = call(
                "SendSms",
                {
                    "PhoneNumbers": _national(attempt.to_phone),
                    "SignName": attempt.sender,
                    "TemplateCode": attempt.template,
                    "TemplateParam": json.dumps(attempt.parameters, ensure_ascii=False),
                    "OutId": attempt.pk,
                },
                deadline=deadline,
            )
            said = response.json()
        except Exception as error:
            return answer_without_response(error)
        return _answer(response.status_code, str(said.get("Code", "")), attempt)

    def listed(self, attempt):
        """What was sent to the number on the day of the attempt: the list is asked by day, in China's time."""
        import requests

        question = {
            "PhoneNumber": _national(attempt.to_phone),
            "SendDate": attempt.started_at.astimezone(CHINA).strftime("%Y%m%d"),
            "PageSize": str(_LISTED),
            "CurrentPage": "1",
        }
        try:
            said = call("QuerySendDetails", question, deadline=float("inf")).json()
            if said.get("Code") != "OK":
                raise ListingError(str(said.get("Code")))
            return [_listed(row, attempt) for row in said["SmsSendDetailDTOs"]["SmsSendDetailDTO"]]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ListingError(type(error).__name__) from error


def _national(phone):
    """Mainland numbers are written without the country code."""
    return phone.removeprefix(MAINLAND)


def _listed(row, attempt):
    sent_at = datetime.datetime.strptime(row["SendDate"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    out_id = row.get("OutId") or ""
    return ListedMessage(
        sid=_sid(out_id),
        sender=attempt.sender,
        service="",
        body=row.get("Content", ""),
        created_at=sent_at,
        status=_STATUS.get(row.get("SendStatus"), "sent"),
        error_code=str(row.get("ErrCode") or "").removeprefix("DELIVERED")[:20],
        reference=out_id or "-",
    )


def _sid(attempt_id):
    """The answer has an id (BizId) that the list does not show; the attempt's own stands in both."""
    return f"aliyun-{attempt_id}"


def _answer(status, code, attempt):
    if code == "OK":
        return Answer(Outcome.ACCEPTED, _sid(attempt.pk), "queued", status)
    if status >= 500 or code in ("", "isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError"):
        return Answer(Outcome.UNKNOWN, http_status=status, error_code=code[:20])
    if status == 429 or code in _THROTTLED:
        return Answer(Outcome.THROTTLED, http_status=status, error_code=code[:20])
    outcome = Outcome.REJECTED if code in _REJECTED else Outcome.MISCONFIGURED
    return Answer(outcome, http_status=status, error_code=code[:20])


# --- the request, signed ---------------------------------------------------------------------------------


def call(action, parameters, *, deadline):
    """Ask Aliyun one thing; returns the response. No request is begun after `deadline`."""
    from messaging.channels.http import DeadlineAdapter, session_with

    url = settings.ALIYUN_SMS_BASE_URL
    adapter = DeadlineAdapter()
    adapter.deadline = deadline
    headers = signed_headers(
        action,
        VERSION,
        parameters,
        host=urlsplit(url).netloc,
        at=datetime.datetime.now(datetime.UTC),
        nonce=secrets.token_hex(16),
    )
    with session_with(adapter, trust_env=not is_loopback(url)) as session:
        return session.post(f"{url}/?{canonical(parameters)}", headers=headers, timeout=HTTP_TIMEOUT)


def signed_headers(action, version, parameters, *, host, at, nonce):
    """The headers of a request without a body whose parameters all stand in its address."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", canonical(parameters), lines, names, headers["x-acs-content-sha256"]])
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    secret = settings.ALIYUN_ACCESS_KEY_SECRET.encode()
    signature = hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = settings.ALIYUN_ACCESS_KEY_ID
    authorization = f"ACS3-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}"
    return headers | {"Authorization": authorization}


def canonical(parameters):
    """Sorted, and quoted as RFC 3986 has it: a blank is %20."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))
