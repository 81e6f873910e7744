"""Channels: which of them carries what is data per branch, and a message may change from one to the next."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat, Length, Substr

from messaging.segments import count_parts

AT_ONCE = 1000


def take_the_channel_out_of_the_keys(apps, schema_editor):
    """A message is the same occasion whichever channel carries it."""
    messages = apps.get_model("messaging", "OutboundMessage").objects.filter(dedupe_key__endswith="|sms")
    messages.update(dedupe_key=Substr("dedupe_key", 1, Length("dedupe_key") - 4))


def put_the_channel_into_the_keys(apps, schema_editor):
    messages = apps.get_model("messaging", "OutboundMessage").objects
    messages.update(dedupe_key=Concat(F("dedupe_key"), Value("|sms")))


def count_the_parts(apps, schema_editor):
    """What was sent before cost what its branch pays now, as far as anybody knows."""
    attempts = apps.get_model("messaging", "MessageAttempt").objects.select_related("message__branch")
    rows = []
    for attempt in attempts.iterator(AT_ONCE):
        attempt.parts = count_parts(attempt.body)
        attempt.part_price_fen = attempt.message.branch.sms_part_price_fen
        rows.append(attempt)
    attempts.bulk_update(rows, ["parts", "part_price_fen"], batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0007_price_and_limits_of_messages"),
        ("messaging", "0004_consent_on_record"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChannelRoute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("marketing", "marketing"),
                            ("code", "sign-in code"),
                            ("staff", "notice to staff"),
                        ],
                        max_length=20,
                        verbose_name="purpose",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("channel", models.CharField(max_length=20, verbose_name="channel")),
                (
                    "sender",
                    models.CharField(
                        blank=True,
                        help_text="The branch's own number or Messaging Service. Empty: the school's.",
                        max_length=64,
                        verbose_name="sender",
                    ),
                ),
            ],
            options={
                "verbose_name": "channel of a branch",
                "verbose_name_plural": "channels of the branches",
                "ordering": ["branch", "purpose", "position"],
            },
        ),
        migrations.CreateModel(
            name="SenderState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=20, verbose_name="channel")),
                ("sender", models.CharField(max_length=64, verbose_name="sender")),
                ("free_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("open_until", models.DateTimeField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=20)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "sender",
                "verbose_name_plural": "senders",
                "ordering": ["channel", "sender"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="outboundmessage",
            name="outbox_text_once_sending",
        ),
        migrations.AddField(
            model_name="messageattempt",
            name="channel",
            field=models.CharField(default="sms", max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="messageattempt",
            name="parameters",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="messageattempt",
            name="part_price_fen",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=6),
        ),
        migrations.AddField(
            model_name="messageattempt",
            name="parts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="messageattempt",
            name="template",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name="consententry",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("service", "service"),
                    ("marketing", "marketing"),
                    ("code", "sign-in code"),
                    ("staff", "notice to staff"),
                ],
                max_length=20,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="messageattempt",
            name="resolved_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("response", "the provider's answer"),
                    ("callback", "the provider's report"),
                    ("reconcile", "the provider's list"),
                    ("staff", "a person"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="messageattempt",
            name="to_phone",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AlterField(
            model_name="outboundmessage",
            name="channel",
            field=models.CharField(
                blank=True,
                help_text="Which one carries it; empty until one was chosen.",
                max_length=20,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("service", "service"),
                    ("marketing", "marketing"),
                    ("code", "sign-in code"),
                    ("staff", "notice to staff"),
                ],
                max_length=20,
                verbose_name="purpose",
            ),
        ),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("channel__in", ["call", "slip"]), ("status", "accepted")),
                fields=["branch", "useful_until"],
                name="outbox_by_hand",
            ),
        ),
        migrations.RunPython(take_the_channel_out_of_the_keys, put_the_channel_into_the_keys, elidable=True),
        migrations.RunPython(count_the_parts, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="outboundmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "status__in",
                            ["sending", "unknown", "accepted", "sent", "delivered", "undelivered", "failed"],
                        ),
                        _negated=True,
                    ),
                    models.Q(
                        ("attempt_count__gt", 0),
                        models.Q(("body", ""), _negated=True),
                        models.Q(("channel", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="outbox_text_once_sending",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboundmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "status__in",
                            ["sending", "unknown", "accepted", "sent", "delivered", "undelivered", "failed"],
                        ),
                        _negated=True,
                    ),
                    models.Q(("channel__startswith", "sms"), _negated=True),
                    models.Q(("to_phone", ""), _negated=True),
                    _connector="OR",
                ),
                name="outbox_phone_for_sms",
            ),
        ),
        migrations.AddField(
            model_name="channelroute",
            name="branch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="channel_routes",
                to="branches.branch",
                verbose_name="branch",
            ),
        ),
        migrations.AddConstraint(
            model_name="senderstate",
            constraint=models.UniqueConstraint(fields=("channel", "sender"), name="senderstate_once"),
        ),
        migrations.AddConstraint(
            model_name="channelroute",
            constraint=models.UniqueConstraint(fields=("branch", "purpose", "position"), name="channelroute_position"),
        ),
        migrations.AddConstraint(
            model_name="channelroute",
            constraint=models.UniqueConstraint(
                fields=("branch", "purpose", "channel"), name="channelroute_channel_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="channelroute",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["service", "marketing", "code", "staff"])),
                name="channelroute_purpose",
            ),
        ),
    ]
