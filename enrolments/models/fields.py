from django.db import models


class CreditField(models.DecimalField):
    """Lesson credits: half lessons exist."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"max_digits": 7, "decimal_places": 1} | kwargs)
