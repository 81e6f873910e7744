import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import students.models.follow_ups


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0007_price_and_limits_of_messages"),
        ("courses", "0003_courses_that_go_on"),
        ("students", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField("enquiry", "channel", "channel_name"),
        migrations.RenameField("enquiry", "status", "stage"),
        migrations.RenameField("enquiry", "next_follow_up_date", "next_follow_up_day"),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30, unique=True, verbose_name="name")),
                (
                    "is_referral",
                    models.BooleanField(
                        default=False,
                        help_text="The form then asks which child brought them.",
                        verbose_name="by a family of the school",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
            ],
            options={
                "verbose_name": "channel",
                "verbose_name_plural": "channels",
                "ordering": ["position", "name"],
            },
        ),
        migrations.CreateModel(
            name="EnquiryChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Registered"),
                            ("stage", "Stage"),
                            ("owner", "Given to"),
                            ("pool", "To the pool"),
                            ("touch", "Asked again"),
                            ("merge", "Merged"),
                            ("unmerge", "Merge undone"),
                            ("asked_for", "Asked for"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "from_stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "New"),
                            ("contacted", "Contacted"),
                            ("trial_booked", "Trial booked"),
                            ("came", "Came"),
                            ("signed", "Signed up"),
                            ("lost", "Lost"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "to_stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "New"),
                            ("contacted", "Contacted"),
                            ("trial_booked", "Trial booked"),
                            ("came", "Came"),
                            ("signed", "Signed up"),
                            ("lost", "Lost"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
            ],
            options={
                "verbose_name": "change of an enquiry",
                "verbose_name_plural": "changes of enquiries",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("call", "Phone call"),
                            ("chat", "WeChat"),
                            ("visit", "Visit"),
                            ("other", "Another way"),
                        ],
                        default="call",
                        max_length=10,
                        verbose_name="way",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("interested", "Interested"),
                            ("thinking", "Thinking it over"),
                            ("call_later", "To be called later"),
                            ("no_answer", "Not reached"),
                            ("not_interested", "Not interested"),
                        ],
                        max_length=20,
                        verbose_name="outcome",
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="what was said")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("next_at", models.DateTimeField(blank=True, null=True, verbose_name="next follow-up")),
                ("token", models.CharField(editable=False, max_length=64, unique=True)),
            ],
            options={
                "verbose_name": "follow-up",
                "verbose_name_plural": "follow-ups",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="FollowUpFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("photo", "Photo"), ("paper", "File"), ("voice", "Voice note")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("content_type", models.CharField(max_length=50)),
                ("size", models.PositiveIntegerField(verbose_name="size")),
                ("seconds", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="length")),
                ("file", models.FileField(upload_to=students.models.follow_ups._stored_name, verbose_name="file")),
            ],
            options={
                "verbose_name": "file of a follow-up",
                "verbose_name_plural": "files of follow-ups",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="enquiry",
            name="booked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first trial booked"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="came_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first visit"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="contacted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first contact"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="last_contact_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last contact"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="lost_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lost at"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="lost_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("price", "Price"),
                    ("time", "Times do not fit"),
                    ("distance", "Too far"),
                    ("competitor", "Went elsewhere"),
                    ("no_interest", "No interest"),
                    ("unreachable", "Cannot be reached"),
                    ("invalid", "Not a real enquiry"),
                    ("other", "Something else"),
                ],
                max_length=20,
                verbose_name="why it was lost",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="students.enquiry",
                verbose_name="merged into",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="name_initials",
            field=models.CharField(default="", editable=False, max_length=20, verbose_name="pinyin initials"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enquiry",
            name="next_follow_up_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next follow-up"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="owned_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="theirs since"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="referred_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="referrals",
                to="students.student",
                verbose_name="brought by",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="student",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enquiries",
                to="students.student",
                verbose_name="student",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="pooled_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="in the pool since"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="signed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="signed up at"),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="token",
            field=models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="enquiry",
            name="stage",
            field=models.CharField(
                choices=[
                    ("new", "New"),
                    ("contacted", "Contacted"),
                    ("trial_booked", "Trial booked"),
                    ("came", "Came"),
                    ("signed", "Signed up"),
                    ("lost", "Lost"),
                ],
                default="new",
                max_length=20,
                verbose_name="stage",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="channel",
            field=models.ForeignKey(
                blank=True,
                help_text="The first one; it stays.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enquiries",
                to="students.channel",
                verbose_name="channel",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="last_channel",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="last_touched_enquiries",
                to="students.channel",
                verbose_name="last channel",
            ),
        ),
        migrations.AddField(
            model_name="enquiry",
            name="phone_tail",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Right("phone", 4),
                output_field=models.CharField(max_length=4),
            ),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(fields=["phone_tail"], name="enquiry_phone_tail"),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(fields=["child_name"], name="enquiry_child_name"),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(fields=["name_initials"], name="enquiry_initials"),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(fields=["branch", "registered_date"], name="enquiry_cohort"),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(
                condition=models.Q(
                    models.Q(("stage__in", ["signed", "lost"]), _negated=True), ("merged_into__isnull", True)
                ),
                fields=["branch", "next_follow_up_at"],
                name="enquiry_due",
            ),
        ),
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(
                condition=models.Q(
                    models.Q(("stage__in", ["signed", "lost"]), _negated=True), ("merged_into__isnull", True)
                ),
                fields=["owner", "next_follow_up_at"],
                name="enquiry_due_of_owner",
            ),
        ),
        migrations.AddField(
            model_name="enquirychange",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="enquirychange",
            name="channel",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="students.channel",
            ),
        ),
        migrations.AddField(
            model_name="enquirychange",
            name="enquiry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="students.enquiry",
                verbose_name="enquiry",
            ),
        ),
        migrations.AddField(
            model_name="enquirychange",
            name="from_owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="enquirychange",
            name="to_owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="branch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_ups",
                to="branches.branch",
                verbose_name="branch",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="enquiry",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_ups",
                to="students.enquiry",
                verbose_name="enquiry",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="student",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_ups",
                to="students.student",
                verbose_name="student",
            ),
        ),
        migrations.AddField(
            model_name="followupfile",
            name="follow_up",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="students.followup",
                verbose_name="follow-up",
            ),
        ),
        migrations.AddIndex(
            model_name="enquirychange",
            index=models.Index(fields=["enquiry", "-at"], name="enquirychange_of"),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(fields=["branch", "at"], name="followup_branch_at"),
        ),
    ]
