from notices.views.notice import NoticeReportView, NoticeStepView, NoticeView
from notices.views.overview import NoticeListView
from notices.views.writing import NoticeEditView, NoticeNewView

__all__ = [
    "NoticeEditView",
    "NoticeListView",
    "NoticeNewView",
    "NoticeReportView",
    "NoticeStepView",
    "NoticeView",
]
