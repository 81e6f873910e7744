from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_holds")]

    operations = [
        migrations.AddIndex(
            model_name="messageattempt",
            index=models.Index(fields=["started_at"], name="messageattempt_started"),
        ),
    ]
