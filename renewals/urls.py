from django.urls import path

from renewals import views

urlpatterns = [
    path("renewals/", views.RenewalListView.as_view(), name="renewals"),
]
