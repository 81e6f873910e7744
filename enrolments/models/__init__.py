"""Enrolments, what was ordered and paid, and the ledger of lesson credits."""

from enrolments.models.accounts import CreditLot, Enrolment, ValidityExtension
from enrolments.models.books import Books
from enrolments.models.closes import MonthClose, MonthFigure, MonthReceipt
from enrolments.models.documents import Document, DocumentKind, InvoiceRequest, Numbering
from enrolments.models.fields import CreditField
from enrolments.models.ledger import CreditEntry
from enrolments.models.orders import DiscountRule, Order, OrderItem, PassedRule
from enrolments.models.payments import Payment
from enrolments.models.reconciliation import PaymentAccount, StatementImport, StatementLine, StatementMatch
from enrolments.models.refunds import Payout, Refund, RefundDeduction, RefundLine
from enrolments.models.suspensions import Suspension
from enrolments.models.transfers import Transfer
from enrolments.models.wallet import WalletEntry
from enrolments.models.write_offs import WriteOff

__all__ = [
    "Books",
    "CreditEntry",
    "CreditField",
    "CreditLot",
    "DiscountRule",
    "Document",
    "DocumentKind",
    "Enrolment",
    "InvoiceRequest",
    "MonthClose",
    "MonthFigure",
    "MonthReceipt",
    "Numbering",
    "Order",
    "OrderItem",
    "PassedRule",
    "Payment",
    "PaymentAccount",
    "Payout",
    "Refund",
    "RefundDeduction",
    "RefundLine",
    "StatementImport",
    "StatementLine",
    "StatementMatch",
    "Suspension",
    "Transfer",
    "ValidityExtension",
    "WalletEntry",
    "WriteOff",
]
