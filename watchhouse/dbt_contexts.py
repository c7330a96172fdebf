"""Spares dbt making the same things anew for each model and test: half of its own work, and more.

For every node, twice, dbt makes an object of each of its six hundred macros, compiles the node's
template and lists the options it was started with; for every answer of the engine it makes parsers
of dates. What comes out is the same here, only sooner: tests compare the two.
"""

from collections.abc import Callable, Iterable, KeysView, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, Final, cast

import dbt.context.providers as dbt_providers
import dbt.utils as dbt_options
import dbt_common.clients.agate_helper as dbt_tables
import jinja2
from dbt.clients.jinja import MacroGenerator
from dbt.context.macros import FlatNamespace, MacroNamespace, MacroNamespaceBuilder, NamespaceMember
from dbt.contracts.graph.nodes import Macro
from dbt.flags import get_flags
from dbt_common.clients.jinja import MacroFuzzEnvironment, NativeSandboxEnvironment, get_environment

_TEMPLATES: Final = 8_192
_TYPE_TESTERS: Final = 1_024

search_namespace: Final = MacroNamespaceBuilder.build_namespace
"""dbt's own way to a namespace, which tests compare with ours."""

_compile_anew: Callable[..., Any] = jinja2.Environment.compile
_list_options: Callable[[object], dict[str, Any]] = dbt_options.args_to_dict
_make_type_tester: Callable[..., Any] = dbt_tables.build_type_tester
_last_options: tuple[object, object, dict[str, Any]] | None = None


def make_contexts_quickly() -> None:
    """Let dbt make the contexts of its nodes in less time; for the whole process, once."""
    if MacroNamespaceBuilder.build_namespace is _build_namespace:
        return
    MacroNamespaceBuilder.build_namespace = _build_namespace  # type: ignore[method-assign]
    for kind in (MacroFuzzEnvironment, NativeSandboxEnvironment):
        kind.compile = _compile  # type: ignore[assignment, method-assign]
    dbt_providers.args_to_dict = _options  # type: ignore[attr-defined]
    dbt_tables.build_type_tester = _type_tester


class _QuickNamespace(MacroNamespace):
    """A namespace that knows what each of its names means, instead of searching for every one."""

    def __init__(self, **parts: FlatNamespace | dict[str, FlatNamespace]) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._members: dict[str, NamespaceMember] = {}
        for part in reversed(list(self._search_order())):
            self._members.update(cast("Mapping[str, NamespaceMember]", part))

    def keys(self) -> KeysView[str]:
        return self._members.keys()

    def __getitem__(self, key: str) -> NamespaceMember:
        return self._members[key]


def _build_namespace(
    self: MacroNamespaceBuilder,
    macros_by_package: Mapping[str, Mapping[str, Macro]],
    ctx: dict[str, Any],
) -> MacroNamespace:
    generators = {
        package: {name: _generator(macro, ctx, self) for name, macro in macros.items()}
        for package, macros in macros_by_package.items()
    }
    of_dbt: FlatNamespace = {}
    for package in reversed(self.internal_package_names_order):
        of_dbt.update(generators.get(package, {}))
    packages = {
        package: macros
        for package, macros in generators.items()
        if package not in self.internal_package_names
    }
    is_root = self.search_package == self.root_package
    return _QuickNamespace(
        global_namespace={} if is_root else packages.get(self.root_package, {}),
        local_namespace=packages.get(self.search_package, {}),
        global_project_namespace=of_dbt,
        packages=packages,
    )


def _generator(
    macro: Macro, context: dict[str, Any], builder: MacroNamespaceBuilder
) -> MacroGenerator:
    """Make what `MacroGenerator(…)` makes, without its chain of constructors."""
    made = object.__new__(MacroGenerator)
    made.context, made.macro = context, macro
    made.node, made.stack = builder.node, builder.thread_ctx
    return made


@lru_cache(maxsize=_TEMPLATES)
def _compiled(native: bool, source: str) -> CodeType:  # noqa: FBT001 - as dbt tells the two kinds
    code: CodeType = _compile_anew(get_environment(native=native), source)
    return code


def _compile(
    self: jinja2.Environment,
    source: str | jinja2.nodes.Template,
    *options: object,
    **named: object,
) -> CodeType | str:
    if isinstance(source, str) and not options and not named:
        return _compiled(isinstance(self, NativeSandboxEnvironment), source)
    made: CodeType | str = _compile_anew(self, source, *options, **named)
    return made


def _options(arguments: object) -> dict[str, Any]:
    """Return the options of this run of dbt, listed once a run."""
    global _last_options  # noqa: PLW0603 - dbt has no object of a run that could hold them
    flags: object = get_flags()  # type: ignore[no-untyped-call]
    if _last_options is None or _last_options[0] is not arguments or _last_options[1] is not flags:
        _last_options = (arguments, flags, _list_options(arguments))
    return dict(_last_options[2])


def _type_tester(
    text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")
) -> object:
    nulls = None if string_null_values is None else tuple(string_null_values)
    return _kept_type_tester(frozenset(text_columns), nulls)


@lru_cache(maxsize=_TYPE_TESTERS)
def _kept_type_tester(text_columns: frozenset[str], nulls: tuple[str, ...] | None) -> object:
    """Return what tells the types of an answer's columns; it keeps nothing of what it has seen."""
    return _make_type_tester(text_columns, string_null_values=nulls)
