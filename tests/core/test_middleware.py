import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from branches.models import User
from core.middleware import NoStoreMiddleware


@pytest.mark.parametrize(("user", "is_kept_out"), [(User(), True), (AnonymousUser(), False)])
def test_pages_for_people_who_signed_in_stay_out_of_caches(rf, user, is_kept_out):
    request = rf.get("/")
    request.user = user

    response = NoStoreMiddleware(lambda request: HttpResponse())(request)

    assert ("no-store" in response.headers.get("Cache-Control", "")) is is_kept_out
