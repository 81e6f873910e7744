import django.db.models.deletion
from django.db import migrations, models

WEEKDAYS = [
    (0, "Monday"),
    (1, "Tuesday"),
    (2, "Wednesday"),
    (3, "Thursday"),
    (4, "Friday"),
    (5, "Saturday"),
    (6, "Sunday"),
]


class Migration(migrations.Migration):
    dependencies = [("branches", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="closedday", name="closedday_once"),
        migrations.RenameModel(old_name="ClosedDay", new_name="CalendarDay"),
        migrations.AlterModelOptions(
            name="calendarday",
            options={"ordering": ["day"], "verbose_name": "calendar day", "verbose_name_plural": "calendar days"},
        ),
        migrations.AlterField(
            model_name="calendarday",
            name="branch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="calendar_days",
                to="branches.branch",
                verbose_name="branch",
            ),
        ),
        migrations.AddField(
            model_name="calendarday",
            name="kind",
            field=models.CharField(
                choices=[
                    ("closed", "Closed"),
                    ("open", "Open on a public holiday"),
                    ("runs_weekday", "Another weekday's timetable"),
                ],
                default="closed",
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="calendarday",
            name="runs_weekday",
            field=models.PositiveSmallIntegerField(
                blank=True, choices=WEEKDAYS, null=True, verbose_name="runs the timetable of"
            ),
        ),
        migrations.AddField(
            model_name="calendarday",
            name="source",
            field=models.CharField(
                choices=[("own", "Our own"), ("public", "Public holiday")],
                default="own",
                editable=False,
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AddField(
            model_name="calendarday",
            name="is_provisional",
            field=models.BooleanField(default=False, editable=False, verbose_name="provisional"),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.UniqueConstraint(
                fields=("branch", "day"),
                name="calendarday_once",
                violation_error_message="This day is in the calendar already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "runs_weekday"), ("runs_weekday__isnull", False), ("runs_weekday__lte", 6)),
                    models.Q(models.Q(("kind", "runs_weekday"), _negated=True), ("runs_weekday__isnull", True)),
                    _connector="OR",
                ),
                name="calendarday_weekday_if_it_runs_one",
                violation_error_message="Say which weekday's timetable runs on this day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", "public"), ("is_provisional", False), _connector="OR"),
                name="calendarday_own_is_certain",
            ),
        ),
        migrations.CreateModel(
            name="SchoolBreak",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("first_date", models.DateField(verbose_name="first day")),
                ("last_date", models.DateField(verbose_name="last day")),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="school_breaks",
                        to="branches.branch",
                        verbose_name="branch",
                    ),
                ),
            ],
            options={
                "verbose_name": "school break",
                "verbose_name_plural": "school breaks",
                "ordering": ["first_date"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_date__gte", models.F("first_date"))),
                        name="schoolbreak_in_order",
                        violation_error_message="The last day lies before the first.",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="branch",
            name="rule_pack",
            field=models.CharField(
                choices=[
                    ("general", "The school's own rules only"),
                    ("national", "China"),
                    ("liaoning", "China, Liaoning"),
                ],
                default="liaoning",
                max_length=20,
                verbose_name="rules for lessons",
            ),
        ),
        migrations.AddField(
            model_name="branch",
            name="school_from",
            field=models.TimeField(
                blank=True,
                help_text="When the children's schools teach. A lesson in these hours on a school day shows a warning.",
                null=True,
                verbose_name="school begins",
            ),
        ),
        migrations.AddField(
            model_name="branch",
            name="school_until",
            field=models.TimeField(blank=True, null=True, verbose_name="school ends"),
        ),
        migrations.AddConstraint(
            model_name="branch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("school_from__isnull", True), ("school_until__isnull", True)),
                    models.Q(
                        ("school_from__isnull", False),
                        ("school_until__gt", models.F("school_from")),
                        ("school_until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="branch_school_hours",
                violation_error_message="Write when school begins and when it ends, or neither.",
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="area_m2",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Every child needs 3 m² by law. Empty: not checked.",
                max_digits=6,
                null=True,
                verbose_name="area in m²",
            ),
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.CheckConstraint(
                condition=models.Q(("area_m2__isnull", True), ("area_m2__gt", 0), _connector="OR"),
                name="room_has_area",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="valid_from",
            field=models.DateField(blank=True, null=True, verbose_name="valid from"),
        ),
        migrations.AddField(
            model_name="membership",
            name="valid_until",
            field=models.DateField(blank=True, null=True, verbose_name="valid until"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_until__isnull", True),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="membership_days_in_order",
                violation_error_message="The last day lies before the first.",
            ),
        ),
    ]
