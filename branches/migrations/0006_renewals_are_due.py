from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    """The branch's threshold and days open a renewal; when families are told stands in renewals.ReminderStep."""

    dependencies = [("branches", "0005_discount_limit")]

    operations = [
        migrations.AlterField(
            model_name="branch",
            name="renewal_days",
            field=models.PositiveSmallIntegerField(
                default=14,
                help_text="A renewal is due when the credits run out within so many days.",
                verbose_name="renewal days",
            ),
        ),
        migrations.AlterField(
            model_name="branch",
            name="renewal_threshold",
            field=models.DecimalField(
                decimal_places=1,
                default=Decimal("3"),
                help_text="A renewal is due when so many credits are left, or fewer.",
                max_digits=5,
                verbose_name="renewal threshold",
            ),
        ),
    ]
