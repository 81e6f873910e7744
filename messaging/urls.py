from django.urls import path

from messaging import pages, replies, views

urlpatterns = [
    path("messages/", pages.MessageListView.as_view(), name="messages"),
    path("messages/<int:pk>/handled/", pages.MessageHandledView.as_view(), name="message_handled"),
    path("messages/<int:pk>/again/", pages.MessageSendAgainView.as_view(), name="message_again"),
    path("messages/replies/", replies.ReplyListView.as_view(), name="replies"),
    path("messages/replies/<int:pk>/answer/", replies.ReplyAnswerView.as_view(), name="reply_answer"),
    path("messages/replies/<int:pk>/handled/", replies.ReplyHandledView.as_view(), name="reply_handled"),
    path("hooks/twilio/inbound", views.twilio_inbound, name="twilio_inbound"),
    path("hooks/twilio/status/<str:attempt_id>", views.twilio_status, name="twilio_status"),
]
