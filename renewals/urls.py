from django.urls import path

from renewals import views

urlpatterns = [
    path("renewals/", views.RenewalListView.as_view(), name="renewals"),
    path("renewals/<int:pk>/contact/", views.ContactView.as_view(), name="renewal_contact"),
]
