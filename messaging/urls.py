from django.urls import path

from messaging import by_hand_pages, channel_pages, cost_pages, pages, replies, template_pages, views

urlpatterns = [
    path("messages/", pages.MessageListView.as_view(), name="messages"),
    path("messages/<int:pk>/handled/", pages.MessageHandledView.as_view(), name="message_handled"),
    path("messages/<int:pk>/again/", pages.MessageSendAgainView.as_view(), name="message_again"),
    path("messages/<int:pk>/arrived/", pages.MessageArrivedView.as_view(), name="message_arrived"),
    path("messages/<int:pk>/once-more/", pages.MessageOnceMoreView.as_view(), name="message_once_more"),
    path("messages/cost/", cost_pages.CostView.as_view(), name="message_cost"),
    path("messages/cost/xlsx/", cost_pages.CostWorkbookView.as_view(), name="message_cost_xlsx"),
    path("messages/channels/", channel_pages.ChannelsView.as_view(), name="channels"),
    path("branches/<int:pk>/channels/", channel_pages.BranchChannelsView.as_view(), name="branch_channels"),
    path("messages/by-hand/", by_hand_pages.ByHandListView.as_view(), name="by_hand"),
    path("messages/by-hand/<int:pk>/told/", by_hand_pages.ToldView.as_view(), name="by_hand_told"),
    path("messages/by-hand/<int:pk>/not-reached/", by_hand_pages.NotReachedView.as_view(), name="by_hand_not_reached"),
    path("messages/by-hand/slips/<int:branch>/", by_hand_pages.SlipsView.as_view(), name="slips"),
    path("messages/replies/", replies.ReplyListView.as_view(), name="replies"),
    path("messages/templates/", template_pages.TemplateListView.as_view(), name="message_templates"),
    path(
        "messages/templates/<str:key>/<str:language>/",
        template_pages.TemplateEditView.as_view(),
        name="message_template",
    ),
    path(
        "messages/templates/versions/<int:pk>/decide/",
        template_pages.TemplateDecisionView.as_view(),
        name="message_template_decide",
    ),
    path("messages/replies/<int:pk>/answer/", replies.ReplyAnswerView.as_view(), name="reply_answer"),
    path("messages/replies/<int:pk>/handled/", replies.ReplyHandledView.as_view(), name="reply_handled"),
    path("hooks/twilio/inbound", views.twilio_inbound, name="twilio_inbound"),
    path("hooks/twilio/status/<str:attempt_id>", views.twilio_status, name="twilio_status"),
]
