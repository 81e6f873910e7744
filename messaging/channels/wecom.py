"""A robot in a group chat of WeCom (企业微信群机器人), for notices to staff.

The robot takes a text and answers with an error code; there is no id, no list and no key against repetition:
https://developer.work.weixin.qq.com/document/path/91770. It takes 20 texts a minute, each of at most 2,048 bytes.
The address holds a secret: it stands in the environment, and the sender's name here is the branch's code.
"""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from messaging.account import goes_to_its_provider, is_loopback
from messaging.channels.base import Answer, Channel
from messaging.models import MessageAttempt
from messaging.rules import HTTP_TIMEOUT

Outcome = MessageAttempt.Outcome
ALL_BRANCHES = "*"
MOST_BYTES = 2048
_TOO_MANY = {45009}  # more than 20 in a minute
_OUR_FAULT = {93000, 40001, 40014}  # the key is wrong, or the robot was taken out of the group


class WeComRobot(Channel):
    code = "wecom"
    label = _("WeCom group")
    needs_phone = False
    is_text = False
    is_for_staff = True
    settings_needed = ("WECOM_ROBOT_KEYS",)
    parts_per_second = 20 / 60

    def is_configured(self):
        return bool(settings.WECOM_ROBOT_KEYS) and goes_to_its_provider("WECOM_API_BASE_URL")

    def sender_for(self, route):
        """The branch's own group, else that of all."""
        code = route.sender or route.branch_code
        return code if code in settings.WECOM_ROBOT_KEYS else ALL_BRANCHES

    def send(self, attempt, *, valid_for, deadline):
        from messaging.channels.http import DeadlineAdapter, answer_without_response, session_with

        key = settings.WECOM_ROBOT_KEYS.get(attempt.sender)
        if not key:
            return Answer(Outcome.REJECTED, error_code="no_robot")
        adapter = DeadlineAdapter()
        adapter.deadline = deadline
        url = settings.WECOM_API_BASE_URL
        with session_with(adapter, trust_env=not is_loopback(url)) as session:
            try:
                response = session.post(
                    f"{url}/cgi-bin/webhook/send",
                    params={"key": key},
                    json={"msgtype": "text", "text": {"content": _shortened(attempt.body)}},
                    timeout=HTTP_TIMEOUT,
                )
                code = response.json()["errcode"]
            except Exception as error:
                return answer_without_response(error)
        return _answer(response.status_code, code, attempt)


def _answer(status, code, attempt):
    if code == 0:
        return Answer(Outcome.ACCEPTED, f"wecom-{attempt.pk}", "delivered", status)
    outcome = Outcome.THROTTLED if code in _TOO_MANY else Outcome.REJECTED
    if code in _OUR_FAULT:
        outcome = Outcome.MISCONFIGURED
    return Answer(outcome, http_status=status, error_code=str(code))


def _shortened(text):
    """The robot counts bytes; a character is not cut in two."""
    return text.encode()[:MOST_BYTES].decode(errors="ignore")
