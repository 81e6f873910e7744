from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("students", "0003_enquiries_carried_over")]

    operations = [
        migrations.RemoveField(
            model_name="enquiry",
            name="channel_name",
        ),
        migrations.RemoveField(
            model_name="enquiry",
            name="next_follow_up_day",
        ),
        migrations.AddConstraint(
            model_name="enquiry",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone", ""), ("phone__startswith", "+"), _connector="OR"),
                name="enquiry_phone_e164",
                violation_error_message="Write the number with its country code: +86…",
            ),
        ),
        migrations.AddConstraint(
            model_name="enquiry",
            constraint=models.CheckConstraint(
                condition=models.Q(("pooled_at__isnull", True), ("owner__isnull", True), _connector="OR"),
                name="enquiry_pool_is_nobodys",
            ),
        ),
        migrations.AddConstraint(
            model_name="enquiry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("stage", "lost"), ("lost_at__isnull", False), models.Q(("lost_reason", ""), _negated=True)
                    ),
                    models.Q(models.Q(("stage", "lost"), _negated=True), ("lost_reason", "")),
                    _connector="OR",
                ),
                name="enquiry_lost_when",
                violation_error_message="Say why the enquiry was lost.",
            ),
        ),
        migrations.AddConstraint(
            model_name="enquiry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stage", "signed"), _negated=True), ("signed_at__isnull", False), _connector="OR"
                ),
                name="enquiry_signed_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="enquiry",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("pk")), _negated=True), name="enquiry_not_into_itself"
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("enquiry__isnull", False), ("student__isnull", True)),
                    models.Q(("enquiry__isnull", True), ("student__isnull", False)),
                    _connector="OR",
                ),
                name="followup_of_one",
            ),
        ),
    ]
