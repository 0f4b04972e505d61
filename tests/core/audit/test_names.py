"""What the audit log calls a kind of row."""

import pytest

from core.audit.names import entity_name, singular
from core.db.base import TenantModel, tenant_table
from core.rbac.models import ClientGrant, GymRole


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("clients", "client"),
        ("availability_overrides", "availability_override"),
        ("entries", "entry"),
        ("classes", "class"),
        ("branches", "branch"),
        ("boxes", "box"),
        ("quizzes", "quiz"),
        ("statuses", "status"),
        ("purchases", "purchase"),
        ("invoice_lines", "invoice_line"),
        ("address", "address"),
        ("status", "status"),
        ("stock", "stock"),
    ],
)
def test_the_last_word_is_put_in_the_singular(plural: str, expected: str) -> None:
    assert singular(plural) == expected


def test_core_has_the_whole_table_name() -> None:
    assert entity_name(ClientGrant) == "client_grant"
    assert entity_name(GymRole) == "role"


class Thing(TenantModel):
    __abstract__ = True
    __tablename__ = "gadgets_spare_parts"


class Named(TenantModel):
    __abstract__ = True
    __tablename__ = "gadgets_oxen"
    __audit_name__ = "gadgets.ox"


def test_a_plugin_has_its_id_before_a_dot() -> None:
    assert entity_name(Thing) == "gadgets.spare_part"


def test_a_model_may_say_its_name_itself() -> None:
    assert entity_name(Named) == "gadgets.ox"


def test_table_info_adds_to_what_marks_a_tenant_table() -> None:
    assert tenant_table()[-1] == {"info": {"tenancy": "tenant"}}
    marked = tenant_table(info={"append_only": True}, comment="kept")[-1]
    assert marked == {
        "info": {"tenancy": "tenant", "append_only": True},
        "comment": "kept",
    }
