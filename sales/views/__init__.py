from sales.views.board import EnquiryBoardView
from sales.views.capture import EnquiryNewView
from sales.views.costs import ChannelCostsNowView, ChannelCostsView
from sales.views.enquiry import (
    EnquiryAnswerView,
    EnquiryEditView,
    EnquiryLostView,
    EnquiryReopenView,
    EnquiryView,
    HandOverRequestsView,
)
from sales.views.files import FollowUpFileView
from sales.views.follow_up import EnquiryFollowUpView, StudentFollowUpView
from sales.views.hand_over import HandOverView
from sales.views.lookup import EnquiryAskView, LookupView
from sales.views.merge import EnquiryDuplicatesView, EnquiryMergeView, EnquiryUnmergeView
from sales.views.overview import EnquiryExportView, EnquiryGiveView, EnquiryListView
from sales.views.policy import SalesPolicyView
from sales.views.pool import EnquiryClaimView, EnquiryGiveUpView, PoolView
from sales.views.public import PublicFormThanksView, PublicFormView
from sales.views.referrals import ReferralListView, ReferralRewardView, ReferralTakeBackView
from sales.views.sign_up import EnquirySignUpView
from sales.views.ways_in import (
    EnquiryFormPosterView,
    EnquiryFormsView,
    EnquiryFormSwitchView,
    EnquirySourceRevokeView,
    EnquirySourcesView,
)

__all__ = [
    "ChannelCostsNowView",
    "ChannelCostsView",
    "EnquiryAnswerView",
    "EnquiryAskView",
    "EnquiryBoardView",
    "EnquiryClaimView",
    "EnquiryDuplicatesView",
    "EnquiryEditView",
    "EnquiryExportView",
    "EnquiryFollowUpView",
    "EnquiryFormPosterView",
    "EnquiryFormSwitchView",
    "EnquiryFormsView",
    "EnquiryGiveUpView",
    "EnquiryGiveView",
    "EnquiryListView",
    "EnquiryLostView",
    "EnquiryMergeView",
    "EnquiryNewView",
    "EnquiryReopenView",
    "EnquirySignUpView",
    "EnquirySourceRevokeView",
    "EnquirySourcesView",
    "EnquiryUnmergeView",
    "EnquiryView",
    "FollowUpFileView",
    "HandOverRequestsView",
    "HandOverView",
    "LookupView",
    "PoolView",
    "PublicFormThanksView",
    "PublicFormView",
    "ReferralListView",
    "ReferralRewardView",
    "ReferralTakeBackView",
    "SalesPolicyView",
    "StudentFollowUpView",
]
