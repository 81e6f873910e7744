from payroll.models.schemes import PayRate, PayScheme, PayTier
from payroll.models.slips import PaySlip, PaySlipLine

__all__ = ["PayRate", "PayScheme", "PaySlip", "PaySlipLine", "PayTier"]
