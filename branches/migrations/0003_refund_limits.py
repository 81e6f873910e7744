from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branches", "0002_calendar_days_and_rules")]

    operations = [
        migrations.AddField(
            model_name="branch",
            name="refund_limit_minor",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Up to this amount nobody else has to approve. 0: somebody else always does.",
                verbose_name="refunds without a second person",
            ),
        ),
        migrations.AddField(
            model_name="branch",
            name="refund_manager_limit_minor",
            field=models.PositiveIntegerField(
                default=1000000,
                help_text="Up to this amount the manager approves, above it the owner.",
                verbose_name="refunds approved by the manager",
            ),
        ),
        migrations.AddField(
            model_name="branch",
            name="refund_full_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="As the contract says: until so many days after the first lesson day everything is paid back.",
                null=True,
                verbose_name="days for a full refund",
            ),
        ),
    ]
