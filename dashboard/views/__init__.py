from dashboard.views.enrol import EnrolView, PlaceView, StudentCreateView
from dashboard.views.home import HomeView, LessonsToCallView
from dashboard.views.search import SearchView
from dashboard.views.student import StudentView

__all__ = [
    "EnrolView",
    "HomeView",
    "LessonsToCallView",
    "PlaceView",
    "SearchView",
    "StudentCreateView",
    "StudentView",
]
