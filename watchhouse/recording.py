"""Core builds without dbt between their statements: what it ran the last time is run again.

dbt needs some fifty milliseconds of its own around each model and test, which is four seconds of a
core build whose statements take less than one. As long as the code is the same, so are they, but
for what models ask about the lake (macro `asked`): which files there are to read, and whether
anything came of a stream. So a core build by dbt is recorded, node by node. The next one asks the
same questions. Where the answers are the same, or only name other files, it runs the same
statements, hooks and tests included, in one transaction. Anything else, an error or a failed test
too, undoes it all and leaves the build to dbt, which says what is wrong as ever.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
from dbt_common.events.base_types import EventMsg

from watchhouse.dbt_plugin import as_dbt_opened_it
from watchhouse.progress import BuildProgress
from watchhouse.staged import with_files, with_parquet

Rows = list[tuple[Any, ...]]

_ASKED: Final = "/* asked */"
_ONCE: Final = "/* once */"
"""What only other code could make fail begins like this."""
_ADDED: Final = "create or replace temp table"
"""How the statement of a table begins that is added to: see macros/materializations."""
_TRANSACTIONS: Final = frozenset({"BEGIN", "COMMIT", "ROLLBACK"})
_FILES: Final = ("path", "is_shared")
_LEDGER: Final = ("ledger_path",)


class NotAsRecordedError(Exception):
    """What was recorded does not fit what has landed, or a test of it has failed."""


class Recorder:
    """Listens to a run of dbt, one event at a time, and keeps what it sent to the database."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self._sent: dict[str, list[str]] = {}

    def hear(self, event: EventMsg) -> None:
        """Take note of a statement of a model, a test or a hook; what dbt does else is its own."""
        data: Any = event.data
        node, sql = data.node_info.unique_id, data.sql
        if node and sql.strip() not in _TRANSACTIONS:
            self._sent.setdefault(node, []).append(sql)

    def recording(self, home: Path, materialized: Mapping[str, str]) -> "Recording | None":
        """Return what can be run again, if all of it can; `materialized` says how, by node.

        It cannot where a table was made from nothing that the next build has to add to. The answers
        are asked for once more: what they are about stands until the next build.
        """
        for node, kind in materialized.items():
            sent = self._sent.get(node, [""])[-1]
            if not sent or (kind == "incremental" and _ADDED not in sent):
                return None
        with as_dbt_opened_it() as connection:
            # No node began before those that it needs had ended.
            steps = tuple(
                _step(connection, node, sent, materialized.get(node))
                for node, sent in self._sent.items()
            )
        return Recording(home, steps)


@dataclass(frozen=True)
class Question:
    """What a model asked when it was compiled, with the names and rows of the answer."""

    sql: str
    names: tuple[str, ...]
    answer: Rows


@dataclass(frozen=True)
class Step:
    """A model, a test or a hook: what it asked, and the statements that it ran."""

    kind: str
    name: str
    questions: tuple[Question, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """The statements of a whole core build of one home, in an order that its nodes allow."""

    home: Path
    steps: tuple[Step, ...]

    def count(self, kind: str) -> int:
        """Return how many steps are of a kind: `model`, `test` or `operation`."""
        return sum(step.kind == kind for step in self.steps)

    def run(self, progress: BuildProgress) -> dict[str, float]:
        """Run it all again, or nothing of it; return the seconds of each model.

        Raises:
            NotAsRecordedError: an answer differs in more than files, or a test has failed.
            duckdb.Error: a statement failed.
        """
        seconds = {}
        progress.begin(self.count("model") + self.count("test"))
        try:
            with as_dbt_opened_it() as connection:
                connection.execute("set variable invocation_id = ?", [str(uuid.uuid4())])
                connection.begin()
                for step in self.steps:
                    started = time.monotonic()
                    self._run(connection, step)
                    if step.kind == "model":
                        seconds[step.name] = time.monotonic() - started
                    if step.kind != "operation":
                        progress.advance(step.name)
                connection.commit()
        finally:
            progress.end()
        return seconds

    def _run(self, connection: duckdb.DuckDBPyConnection, step: Step) -> None:
        statements = step.statements
        for question in step.questions:
            answer = connection.execute(question.sql).fetchall()
            if answer != question.answer:
                statements = self._with_answer(step, question, answer)
        for statement in statements:
            result = connection.execute(statement)
            if step.kind == "test" and any(result.fetchone() or (True,)):
                message = f"{step.name} has failed"
                raise NotAsRecordedError(message)

    def _with_answer(self, step: Step, question: Question, answer: Rows) -> tuple[str, ...]:
        """Return the statements of a step to which something else was answered."""
        changed = None
        # Of a view: its only statement.
        sql = step.statements[-1]
        if question.names == _LEDGER and answer:
            changed = with_files(sql, (path for (path,) in answer))
        elif question.names == _FILES and answer and not any(shared for _, shared in answer):
            changed = with_parquet(sql, (f"{self.home}/{path}" for path, _ in answer))
        if changed is not None:
            return (changed,)
        message = f"{step.name} is made otherwise now"
        raise NotAsRecordedError(message)


def _step(
    connection: duckdb.DuckDBPyConnection, node: str, sent: Sequence[str], kind_of_model: str | None
) -> Step:
    kind, _, name, *_ = node.split(".")
    questions = [sql for sql in sent if _ASKED in sql]
    # Before the statement of a model or test dbt looks at what there is, for its own purposes.
    statements = sent if kind == "operation" else sent[-1:]
    if kind_of_model == "view" and not questions:
        # It stands as it is.
        statements = []
    elif kind_of_model == "incremental":
        statements = [_without_checks(connection, sql) for sql in statements]
    return Step(
        kind=kind,
        name=name,
        questions=tuple(_question(connection, sql) for sql in questions),
        statements=tuple(statements),
    )


def _without_checks(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    parts = (part.query for part in connection.extract_statements(sql))
    return ";".join(part for part in parts if not part.lstrip("; \n").startswith(_ONCE))


def _question(connection: duckdb.DuckDBPyConnection, sql: str) -> Question:
    cursor = connection.execute(sql)
    names = tuple(column[0] for column in cursor.description or ())
    return Question(sql, names, cursor.fetchall())
