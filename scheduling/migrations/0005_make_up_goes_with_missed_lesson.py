import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who leaves a class before a lesson has nothing to make up for it. Nothing changes in the database."""

    dependencies = [("scheduling", "0004_effects_of_a_change")]

    operations = [
        migrations.AlterField(
            model_name="makeup",
            name="original",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="make_up_rights",
                to="scheduling.attendance",
                verbose_name="missed lesson",
            ),
        ),
    ]
