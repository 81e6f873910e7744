"""An index of one column that another begins with serves nothing, and every lesson and booking pays for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0002_calendar_days_and_rules"),
        ("scheduling", "0007_lessons_of_a_class_by_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="attendance",
            name="lesson",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attendances",
                to="scheduling.lesson",
                verbose_name="lesson",
            ),
        ),
        migrations.AlterField(
            model_name="booking",
            name="lesson",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bookings",
                to="scheduling.lesson",
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="branch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lessons",
                to="branches.branch",
                verbose_name="branch",
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="class_group",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lessons",
                to="scheduling.classgroup",
                verbose_name="class group",
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="teacher",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lessons",
                to=settings.AUTH_USER_MODEL,
                verbose_name="teacher",
            ),
        ),
    ]
