"""What people do with families: take in a child, tell guardians apart by their phone."""

from django.db import transaction

from parents.models import Guardian
from students.models import Guardianship, Student


@transaction.atomic
def register_student(*, branch, guardian_name, phone, relation, **child):
    """Take in a child with its main guardian; whoever has this phone (E.164) already is that guardian.

    The same child (name) of the same guardian is found, not doubled. Returns the student.
    """
    guardian, _created = Guardian.objects.get_or_create(phone=phone, defaults={"name": guardian_name})
    student = guardian.students.filter(name=child["name"]).first()
    if student is None:
        student = Student.objects.create(**child)
        Guardianship.objects.create(student=student, guardian=guardian, relation=relation)
    student.branches.add(branch)
    return student
