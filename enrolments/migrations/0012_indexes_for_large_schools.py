from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("enrolments", "0011_statements_reconciled")]

    operations = [
        migrations.AddIndex(
            model_name="creditlot",
            index=models.Index(fields=["enrolment", "sold_at"], name="creditlot_sold"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["-created_at", "-id"], name="order_newest"),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(condition=models.Q(("method", "book")), fields=["order"], name="payment_taken_over"),
        ),
    ]
