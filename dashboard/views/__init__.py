from dashboard.views.books import BooksView, MonthView, MonthWorkbookView
from dashboard.views.class_renewals import ClassRenewalsView, RenewalSlipsView
from dashboard.views.confirmations import ConfirmationsView, ConfirmationsWorkbookView, ReplyView
from dashboard.views.consent import ConsentView
from dashboard.views.contracts import ContractView
from dashboard.views.credit_moves import CorrectionView, TransferUndoView, TransferView
from dashboard.views.custom_fields import (
    CustomFieldListView,
    CustomFieldNewView,
    CustomFieldStepView,
    CustomFieldView,
)
from dashboard.views.documents import (
    DocumentPrintView,
    DocumentView,
    DocumentVoidView,
    OrderPapersView,
    ReceiptDayView,
    ReceiptPrintView,
    StudentPapersView,
    VerifyView,
)
from dashboard.views.enrol import EnrolView, PlaceView, StudentCreateView
from dashboard.views.expiring import ExpiringView, WriteOffNewView, WriteOffStepView
from dashboard.views.guardian_phone import GuardianPhoneView
from dashboard.views.health import HealthView
from dashboard.views.home import HomeView, LessonsToCallView
from dashboard.views.invoices import InvoiceListView, InvoiceNewView, InvoiceStepView
from dashboard.views.orders import OrderListView, OrderView, OrderWorkbookView
from dashboard.views.phones import PhoneRevealDayView, PhoneRevealsView, RevealPhoneView
from dashboard.views.reconciliation import (
    ReconciliationMonthView,
    ReconciliationView,
    ReconciliationWorkbookView,
    StatementImportView,
)
from dashboard.views.reconciliation_steps import LineMatchView, LinesAsideView, MatchAgainView, MatchUndoView
from dashboard.views.refund_new import RefundNewView
from dashboard.views.refunds import RefundListView, RefundPdfView, RefundView
from dashboard.views.search import SearchView
from dashboard.views.statement import StatementPdfView, StatementView
from dashboard.views.student import StudentView
from dashboard.views.suspensions import ResumeView, SuspendView, SuspensionListView
from dashboard.views.wallets import WalletView

__all__ = [
    "BooksView",
    "ClassRenewalsView",
    "ConfirmationsView",
    "ConfirmationsWorkbookView",
    "ConsentView",
    "ContractView",
    "CorrectionView",
    "CustomFieldListView",
    "CustomFieldNewView",
    "CustomFieldStepView",
    "CustomFieldView",
    "DocumentPrintView",
    "DocumentView",
    "DocumentVoidView",
    "EnrolView",
    "ExpiringView",
    "GuardianPhoneView",
    "HealthView",
    "HomeView",
    "InvoiceListView",
    "InvoiceNewView",
    "InvoiceStepView",
    "LessonsToCallView",
    "LineMatchView",
    "LinesAsideView",
    "MatchAgainView",
    "MatchUndoView",
    "MonthView",
    "MonthWorkbookView",
    "OrderListView",
    "OrderPapersView",
    "OrderView",
    "OrderWorkbookView",
    "PhoneRevealDayView",
    "PhoneRevealsView",
    "PlaceView",
    "ReceiptDayView",
    "ReceiptPrintView",
    "ReconciliationMonthView",
    "ReconciliationView",
    "ReconciliationWorkbookView",
    "RefundListView",
    "RefundNewView",
    "RefundPdfView",
    "RefundView",
    "RenewalSlipsView",
    "ReplyView",
    "ResumeView",
    "RevealPhoneView",
    "SearchView",
    "StatementImportView",
    "StatementPdfView",
    "StatementView",
    "StudentCreateView",
    "StudentPapersView",
    "StudentView",
    "SuspendView",
    "SuspensionListView",
    "TransferUndoView",
    "TransferView",
    "VerifyView",
    "WalletView",
    "WriteOffNewView",
    "WriteOffStepView",
]
