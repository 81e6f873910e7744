from django.contrib.auth.backends import ModelBackend

from branches.roles import PERMISSIONS


def branch_ids_of(obj):
    """The branches an object belongs to; None when it belongs to the whole school."""
    if hasattr(obj, "branch_id"):
        return {obj.branch_id}
    if hasattr(obj, "branches") and hasattr(obj.branches, "values_list"):
        return set(obj.branches.values_list("pk", flat=True))
    return None


class RoleBackend(ModelBackend):
    """Permissions come from the roles of a person (branches.roles), not from Django's permission tables.

    With an object of one or more branches, the role must hold in one of them; without, in any branch.
    """

    def get_all_permissions(self, user_obj, obj=None):
        if not user_obj.is_active or user_obj.is_anonymous:
            return set()
        branch_ids = branch_ids_of(obj)
        return {
            permission
            for role_branch_id, role in user_obj.roles
            if branch_ids is None or role_branch_id is None or role_branch_id in branch_ids
            for permission in PERMISSIONS[role]
        }

    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.is_active and perm in self.get_all_permissions(user_obj, obj)

    def has_module_perms(self, user_obj, app_label):
        permissions = self.get_all_permissions(user_obj)
        return any(permission.startswith(f"{app_label}.") for permission in permissions)
