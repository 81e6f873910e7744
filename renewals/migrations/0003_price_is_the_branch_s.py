"""The price of an SMS part is the branch's: all messages cost it, not only reminders of renewals."""

from django.db import migrations


def copy_the_prices(apps, schema_editor):
    branches = apps.get_model("branches", "Branch").objects
    for branch_id, price in apps.get_model("renewals", "ReminderPolicy").objects.values_list("pk", "part_price_fen"):
        branches.filter(pk=branch_id).update(sms_part_price_fen=price)


def copy_the_prices_back(apps, schema_editor):
    policies = apps.get_model("renewals", "ReminderPolicy").objects
    for branch_id, price in apps.get_model("branches", "Branch").objects.values_list("pk", "sms_part_price_fen"):
        policies.filter(pk=branch_id).update(part_price_fen=price)


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0007_price_and_limits_of_messages"),
        ("renewals", "0002_reminder_cadence"),
    ]

    operations = [
        migrations.RunPython(copy_the_prices, copy_the_prices_back, elidable=True),
        migrations.RemoveConstraint(model_name="reminderpolicy", name="reminderpolicy_price"),
        migrations.RemoveField(model_name="reminderpolicy", name="part_price_fen"),
    ]
