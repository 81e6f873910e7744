"""The school's own rules for those who ask."""

from sales.models.campaigns import Campaign, ChannelCost
from sales.models.merges import EnquiryMerge
from sales.models.policy import SalesPolicy
from sales.models.rewards import ReferralReward
from sales.models.ways_in import ConsentText, EnquiryForm, EnquirySource, EnquirySubmission, RequestCount

__all__ = [
    "Campaign",
    "ChannelCost",
    "ConsentText",
    "EnquiryForm",
    "EnquiryMerge",
    "EnquirySource",
    "EnquirySubmission",
    "ReferralReward",
    "RequestCount",
    "SalesPolicy",
]
