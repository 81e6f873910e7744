"""Middleware that holds for every page."""

from django.utils.cache import add_never_cache_headers


class NoStoreMiddleware:
    """Pages for people who signed in stay out of every cache: they show children's data."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response
