from django.db import models


class SchoolWideQuerySet(models.QuerySet):
    """Rows of the whole school: whoever may view them anywhere sees all of them."""

    def visible_to(self, user):
        permission = f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"
        return self if user.has_perm(permission) else self.none()


class CoursePackageQuerySet(SchoolWideQuerySet):
    def on_sale(self):
        return self.filter(is_active=True, course__is_active=True)
