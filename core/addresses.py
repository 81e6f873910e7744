"""Where a request comes from."""

from django.conf import settings


def client_address(request):
    """The visitor's address. What a visitor claims in X-Forwarded-For counts only where a proxy of ours overwrites it.

    Its last entry is the one that the proxy itself wrote.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
