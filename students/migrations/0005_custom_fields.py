import django.db.models.deletion
from django.db import migrations, models

import students.models.custom_fields


class Migration(migrations.Migration):
    dependencies = [
        ("students", "0004_enquiry_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="enquiry",
            name="custom_values",
            field=models.JSONField(default=dict, editable=False, verbose_name="custom fields"),
        ),
        migrations.AddField(
            model_name="student",
            name="custom_values",
            field=models.JSONField(default=dict, editable=False, verbose_name="custom fields"),
        ),
        migrations.CreateModel(
            name="CustomField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        default=students.models.custom_fields._new_key, editable=False, max_length=20, unique=True
                    ),
                ),
                ("label", models.CharField(max_length=30, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("number", "Number"),
                            ("date", "Date"),
                            ("choice", "Choice"),
                            ("yes_no", "Yes or no"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("is_for_student", models.BooleanField(default=False, verbose_name="of a child")),
                ("is_for_enquiry", models.BooleanField(default=False, verbose_name="of an enquiry")),
                ("help_text", models.CharField(blank=True, max_length=100, verbose_name="help")),
                ("is_required", models.BooleanField(default=False, verbose_name="must be filled in")),
                ("in_list", models.BooleanField(default=False, verbose_name="column of the lists")),
                ("is_filter", models.BooleanField(default=False, verbose_name="lists can be filtered by it")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "custom field",
                "verbose_name_plural": "custom fields",
                "ordering": ["position", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True), ("is_for_student", True)),
                        fields=("label",),
                        name="customfield_label_of_students",
                        violation_error_message="Children have a field of this name already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True), ("is_for_enquiry", True)),
                        fields=("label",),
                        name="customfield_label_of_enquiries",
                        violation_error_message="Enquiries have a field of this name already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_for_student", True), ("is_for_enquiry", True), _connector="OR"),
                        name="customfield_of_something",
                        violation_error_message="Say whether it is a field of children, of enquiries, or of both.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("label", ""), _negated=True), name="customfield_has_label"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["text", "number", "date", "choice", "yes_no"])),
                        name="customfield_known_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=50, verbose_name="choice")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "field",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="choices",
                        to="students.customfield",
                        verbose_name="custom field",
                    ),
                ),
            ],
            options={
                "verbose_name": "choice of a custom field",
                "verbose_name_plural": "choices of custom fields",
                "ordering": ["position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("field", "label"), name="customchoice_label_once"),
                    models.CheckConstraint(
                        condition=models.Q(("label", ""), _negated=True), name="customchoice_has_label"
                    ),
                ],
            },
        ),
    ]
