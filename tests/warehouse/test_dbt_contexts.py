"""What we make of dbt's contexts in less time is what dbt makes of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import jinja2
import pytest
from dbt.adapters.factory import get_adapter_package_names
from dbt.clients.jinja import MacroStack
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt_common.clients.agate_helper import table_from_data_flat
from dbt_common.clients.jinja import get_environment

from tests.warehouse.workshop import Project
from watchhouse.dbt_contexts import search_namespace


@pytest.mark.parametrize("package", ["watchhouse", "dbt"])
def test_every_name_of_a_namespace_means_the_same_macro(project: Project, package: str) -> None:
    def members(build: Callable[..., MacroNamespace]) -> dict[str, Any]:
        internal = get_adapter_package_names("duckdb")
        stack = MacroStack()  # type: ignore[no-untyped-call]
        builder = MacroNamespaceBuilder("watchhouse", package, stack, internal, "a node")
        namespace = build(builder, project.manifest.get_macros_by_package(), {"context": True})
        return {name: described(member) for name, member in dict(namespace).items()}

    def described(member: Any) -> object:
        if isinstance(member, dict):
            return {name: described(inner) for name, inner in member.items()}
        parts = dict(vars(member))
        return type(member), type(parts.pop("stack")), parts

    ours = members(MacroNamespaceBuilder.build_namespace)
    assert ours == members(search_namespace)
    assert {"on_changed_days", "statement", "dbt"} <= ours.keys()


def test_a_template_that_is_compiled_once_sees_what_each_rendering_is_given() -> None:
    for native, expected in ((False, ["1", "2"]), (True, [1, 2])):
        environment = get_environment(native=native)
        templates = [environment.from_string("{{ a }}", globals={"a": a}) for a in (1, 2)]
        assert [template.render({}) for template in templates] == expected
    with pytest.raises(jinja2.TemplateSyntaxError):
        get_environment().from_string("{{ a")


def test_answers_keep_their_types() -> None:
    rows = [{"day": datetime(2026, 1, 5), "text": "1", "count": 1}]  # noqa: DTZ001 - as the engine
    for _ in range(2):
        table = table_from_data_flat(rows, ["day", "text", "count"])
        assert [tuple(row) for row in table.rows] == [tuple(rows[0].values())]
