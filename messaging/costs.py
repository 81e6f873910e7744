"""What texts come to before they go out: parts, and their price at each branch."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

from messaging.rendering import signed
from messaging.segments import count_parts


class Estimate:
    """Of (branch, text without the signature) pairs. The words may differ a little when they are sent."""

    def __init__(self, texts):
        self.parts = Counter()  # by branch id
        self._prices = {}  # fen a part
        for branch, text in texts:
            self.parts[branch.pk] += count_parts(signed(text, branch))
            self._prices[branch.pk] = branch.sms_part_price_fen

    @property
    def part_count(self):
        return self.parts.total()

    @property
    def cost_minor(self):
        return sum(self.cost_of(branch_id) for branch_id in self.parts)

    def cost_of(self, branch_id):
        """Fen, rounded to a whole one."""
        return int((self.parts[branch_id] * self._prices.get(branch_id, 0)).quantize(Decimal(1), ROUND_HALF_UP))
