"""What the pages of one class share."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from branches.pages import StaffPageMixin
from scheduling.models import ClassGroup


class OfClassMixin(StaffPageMixin):
    """A page or an action of one class that the person may see, and do this with at its branch."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        groups = ClassGroup.objects.visible_to(request.user).select_related("branch", "course", "teacher")
        self.group = get_object_or_404(groups, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, self.group):
            raise PermissionDenied

    @property
    def may_keep_clash(self):
        return self.request.user.has_perm("scheduling.keep_clash", self.group)
