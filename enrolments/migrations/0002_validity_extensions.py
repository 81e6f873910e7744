import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrolments", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ValidityExtension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.SmallIntegerField(verbose_name="days")),
                ("expires_date", models.DateField(verbose_name="valid until")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("reference", models.CharField(blank=True, db_index=True, max_length=100)),
                ("at", models.DateTimeField(verbose_name="recorded at")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extensions",
                        to="enrolments.creditlot",
                        verbose_name="credit lot",
                    ),
                ),
            ],
            options={
                "verbose_name": "extension of validity",
                "verbose_name_plural": "extensions of validity",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("days", 0), _negated=True), name="validityextension_of_days"
                    )
                ],
            },
        ),
    ]
