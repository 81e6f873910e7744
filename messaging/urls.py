from django.urls import path

from messaging import pages, views

urlpatterns = [
    path("messages/", pages.MessageListView.as_view(), name="messages"),
    path("messages/<int:pk>/handled/", pages.MessageHandledView.as_view(), name="message_handled"),
    path("messages/<int:pk>/again/", pages.MessageSendAgainView.as_view(), name="message_again"),
    path("hooks/twilio/status/<str:attempt_id>", views.twilio_status, name="twilio_status"),
]
