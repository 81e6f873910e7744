from django.db import migrations, models
from django.utils import timezone


def count_from_today(apps, schema_editor):
    """Enquiries that lay for months before there were rules do not fall into the pool on the first morning."""
    apps.get_model("sales", "SalesPolicy").objects.update(counts_from=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0002_ways_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="salespolicy",
            name="counts_from",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="No day before this moment counts: whoever is bound by new rules has the full time.",
                null=True,
                verbose_name="days count from",
            ),
        ),
        migrations.RunPython(count_from_today, migrations.RunPython.noop),
    ]
