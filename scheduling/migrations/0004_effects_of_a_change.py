from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0003_timetable_tools")]

    operations = [
        migrations.AddField(
            model_name="timetablechange",
            name="effects",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
