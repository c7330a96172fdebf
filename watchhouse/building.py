"""Running dbt inside this process, so that it dies with it.

Importing this module imports dbt, which takes seconds: commands import it only when there is
something to build.
"""

import errno
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import duckdb
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from watchhouse.dbt_events import STATEMENT, spare_debug_events, telling_statements
from watchhouse.dbt_plugin import kept_open
from watchhouse.errors import BuildError, EngineError, one_line
from watchhouse.failures import failures, keep_rows
from watchhouse.fingerprint import PROJECT, code_version
from watchhouse.layout import Home
from watchhouse.locks import builder_lock
from watchhouse.marts import PublicationPlan, Selection, publication_plan
from watchhouse.progress import BuildProgress
from watchhouse.recording import NotAsRecordedError, Recorder, Recording

logger = logging.getLogger(__name__)

_SHOWN_FAILURES: Final = 20
_LOG_BYTES: Final = 10 * 1024 * 1024
_INVALIDATED: Final = "database has been invalidated"
_LOGGED: Final = frozenset({"info", "warn", "error"})


@dataclass(frozen=True)
class BuildReport:
    """What a build did that ended well.

    `seconds` is wall-clock time, parsing included; `model_seconds` is that of each model alone,
    while others ran beside it. `is_recorded` when dbt was not needed for it.
    """

    model_count: int
    test_count: int
    warnings: tuple[str, ...]
    seconds: float
    full_refresh: bool
    model_seconds: Mapping[str, float] = field(default_factory=dict)
    is_recorded: bool = False


class Builder:
    """Runs dbt builds of one home in this process, keeping the parsed project in between.

    A kept project saves two thirds of what the dbt command line takes to start. It is parsed anew
    when a file of the project has changed.
    """

    def __init__(
        self,
        home: Home,
        progress: BuildProgress,
        *,
        project: Path = PROJECT,
        parsed: Manifest | None = None,
    ) -> None:
        """Read nothing until the first build; `project` is the folder of the dbt project.

        `parsed` is that project where it has been parsed already.
        """
        self._home = home
        self._progress = progress
        self._project = project
        self._manifest = parsed
        self._code_version = code_version(project) if parsed else None
        self._unit_test_count = 0
        self._recorder: Recorder | None = None
        self._recording: Recording | None = None
        spare_debug_events()
        self._log = home.root / "logs" / "dbt.log"
        self._log_file: TextIO | None = None

    def plan(self) -> tuple[PublicationPlan, str]:
        """Return what to publish and the version of the code that says so.

        Raises:
            BuildError: the dbt project cannot be parsed.
        """
        manifest, version = self._parsed()
        return publication_plan(manifest.nodes.values()), version

    def build(
        self, *, full_refresh: bool, lock_timeout: float, selection: Selection = "full"
    ) -> BuildReport:
        """Build and test everything that the project holds, or its core; publish nothing.

        Raises:
            BuildError: naming every model and test that failed.
            LockTimeoutError: another builder did not finish in time.
        """
        started = time.monotonic()
        with builder_lock(self._home.builder_lock, timeout=lock_timeout):
            manifest, _ = self._parsed()
            is_recordable = selection == "core" and not full_refresh
            report = self._run_again(started) if is_recordable else None
            if report is not None:
                return report
            arguments = ["build", *(["--full-refresh"] if full_refresh else [])]
            if selection != "full":
                arguments += ["--selector", selection]
            # Unit tests show what the code does: the same code passed them when it was new.
            self._unit_test_count = len(manifest.unit_tests)
            if not full_refresh and self._home.build_database.exists():
                arguments += ["--exclude-resource-type", "unit_test"]
                self._unit_test_count = 0
            with telling_statements() if is_recordable else nullcontext():
                self._recorder = Recorder() if is_recordable else None
                results = self._invoke(arguments, manifest)
            if isinstance(results, RunExecutionResult):
                self._raise_on_failure(results.results)
                self._keep_recording(results.results)
        if not isinstance(results, RunExecutionResult):
            message = f"dbt gave no results; see {self._log}"
            raise BuildError(message)
        kinds = [str(result.node.resource_type) for result in results.results]
        return BuildReport(
            model_count=sum(kind in {"model", "snapshot", "seed"} for kind in kinds),
            test_count=sum(kind in {"test", "unit_test"} for kind in kinds),
            warnings=tuple(
                f"{result.node.name}: {result.message}"
                for result in results.results
                if str(result.status) == "warn"
            ),
            seconds=time.monotonic() - started,
            full_refresh=full_refresh,
            model_seconds={
                str(result.node.name): float(result.execution_time)
                for result in results.results
                if str(result.node.resource_type) == "model"
            },
        )

    def _run_again(self, started: float) -> BuildReport | None:
        """Do a core build as the last one was done, where that can be; None leaves it to dbt."""
        if self._recording is None:
            return None
        try:
            seconds = self._recording.run(self._progress)
        except (NotAsRecordedError, duckdb.Error) as error:
            self._recording = None
            logger.info("dbt builds, not its recording: %s", one_line(error))
            return None
        return BuildReport(
            model_count=len(seconds),
            test_count=self._recording.count("test"),
            warnings=(),
            seconds=time.monotonic() - started,
            full_refresh=False,
            model_seconds=seconds,
            is_recorded=True,
        )

    def _keep_recording(self, results: Sequence[Any]) -> None:
        if self._recorder is not None:
            materialized = {
                result.node.unique_id: str(result.node.config.materialized)
                for result in results
                if str(result.node.resource_type) != "operation"
            }
            self._recording = self._recorder.recording(self._home.root, materialized)

    def _parsed(self) -> tuple[Manifest, str]:
        version = code_version(self._project)
        if self._manifest is None or version != self._code_version:
            parsed = self._invoke(["parse"], None)
            if not isinstance(parsed, Manifest):
                message = "dbt parsed nothing"
                raise BuildError(message)
            self._manifest, self._code_version = parsed, version
            self._recording = None
        return self._manifest, version

    def _invoke(self, arguments: Sequence[str], manifest: Manifest | None) -> object:
        """Run one dbt command; return its result, be it good or bad."""
        runner = dbtRunner(manifest=manifest, callbacks=[self._follow])
        with _environment(WATCHHOUSE_HOME=str(self._home.root)), self._logging(), kept_open():
            try:
                outcome = runner.invoke([*arguments, *self._options()])
            finally:
                self._progress.end()
        # dbt hands over even an interrupt as a result.
        if isinstance(outcome.exception, KeyboardInterrupt | SystemExit):
            raise outcome.exception
        if outcome.exception is not None:
            self._raise_for_cause(str(outcome.exception))
            message = f"dbt could not run: {str(outcome.exception).strip()}"
            raise BuildError(message) from outcome.exception
        return outcome.result

    def _options(self) -> list[str]:
        return [
            *("--project-dir", str(self._project)),
            *("--profiles-dir", str(self._project)),
            *("--target-path", str(self._home.build / "target")),
            *("--log-path", str(self._log.parent)),
            *("--log-level", "none"),
            # dbt would search each of thousands of lines for secrets before it drops most of them.
            *("--log-level-file", "none"),
            # Publication reads the parsed project, not these files of some megabytes.
            "--no-write-json",
            "--no-use-colors",
            "--no-version-check",
            "--no-send-anonymous-usage-stats",
            "--no-print",
        ]

    @contextmanager
    def _logging(self) -> Iterator[None]:
        """Write what dbt says to its log; that it cannot be written does not disturb the build."""
        with suppress(OSError):
            self._log.parent.mkdir(parents=True, exist_ok=True)
            is_long = self._log.exists() and self._log.stat().st_size > _LOG_BYTES
            self._log_file = self._log.open("w" if is_long else "a", encoding="utf-8")
        try:
            yield
        finally:
            if self._log_file is not None:
                with suppress(OSError):
                    self._log_file.close()
            self._log_file = None

    def _follow(self, event: EventMsg) -> None:
        """Turn dbt's events into progress; dbt calls this from its threads, one at a time."""
        data: Any = event.data
        info: Any = event.info
        name = info.name
        if self._log_file is not None and info.level in _LOGGED:
            with suppress(OSError):
                self._log_file.write(f"{datetime.now(UTC):%H:%M:%S}  {info.msg}\n")
        if name == STATEMENT and self._recorder is not None:
            self._recorder.hear(event)
        elif name == "ConcurrencyLine":
            self._progress.begin(data.node_count + self._unit_test_count)
        elif name == "NodeFinished":
            self._progress.advance(data.node_info.node_name)

    def _raise_on_failure(self, results: Sequence[Any]) -> None:
        failed = failures(results)
        if not failed:
            return
        self._raise_for_cause(" ".join(failure.message for failure in failed))
        failed = keep_rows(self._home, failed)
        skipped = sum(str(result.status) == "skipped" for result in results)
        total = sum(str(result.node.resource_type) != "operation" for result in results)
        lines = [
            f"{len(failed)} of {total} models and tests failed"
            + (f", {skipped} were skipped because of that" if skipped else "")
            + "; nothing was published. The next build takes the same batches again.",
            *(str(failure) for failure in failed[:_SHOWN_FAILURES]),
        ]
        if len(failed) > _SHOWN_FAILURES:
            lines.append(f"  and {len(failed) - _SHOWN_FAILURES} more")
        lines.append(f"  the whole log: {self._log}")
        raise BuildError("\n".join(lines))

    def _raise_for_cause(self, text: str) -> None:
        """Say the one cause instead of its many consequences."""
        if os.strerror(errno.ENOSPC) in text:
            message = (
                f"the disk that holds {self._home.root} is full; nothing was published. Make room, "
                "then run `watchhouse build` again: it takes the same batches."
            )
            raise BuildError(message)
        if _INVALIDATED in text:
            message = f"the engine failed by a fault of its own; see {self._log}"
            raise EngineError(message)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables inside the block: dbt's profile is read from nothing else."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
