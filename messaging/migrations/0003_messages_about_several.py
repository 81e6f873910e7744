import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_replies")]

    operations = [
        migrations.CreateModel(
            name="AlsoAbout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(max_length=100)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="also_about",
                        to="messaging.outboundmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "child in a message",
                "verbose_name_plural": "children in messages",
                "constraints": [models.UniqueConstraint(fields=("about", "message"), name="alsoabout_once")],
            },
        ),
    ]
