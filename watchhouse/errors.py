"""Every error that Watchhouse raises on purpose.

    WatchhouseError          one clear line for the user, exit code 1
    ├── UsageError           the command was called wrongly, exit code 2
    ├── SettingsError        a setting is missing or cannot be used
    ├── InputFileError       a file cannot be landed at all
    ├── MappingError         a mapping file cannot be used
    ├── LakeError            the raw lake or its ledger cannot be read or written
    ├── BrokerError          a topic cannot be read from, or sent to
    ├── BuildError           the models or their tests failed
    ├── PublishError         what was built may not be published
    ├── LockTimeoutError     another process held a lock for too long
    ├── NoReleaseError       nothing has been published yet
    ├── SimulationError      simulated events cannot be written
    ├── DemoError            the demo does not show what it should
    ├── QueryError           a query cannot be answered
    └── QuestionError        a question names what no mart can answer

The message of each names the file, line or field that is wrong and what to do about it: the
command line prints it as it is, without a traceback.
"""


class WatchhouseError(Exception):
    """A failure that the user can act on; its message is complete by itself."""

    exit_code = 1


class UsageError(WatchhouseError):
    """The command was called with arguments that do not fit together."""

    exit_code = 2


class SettingsError(WatchhouseError):
    """A setting is missing or has a value that cannot be used."""


class InputFileError(WatchhouseError):
    """A file cannot be landed at all: nothing in it can be read as records."""


class MappingError(WatchhouseError):
    """A mapping file is not valid, or does not fit the file that it is used for."""


class LakeError(WatchhouseError):
    """The raw lake or its ledger cannot be read or written."""


class BrokerError(WatchhouseError):
    """A topic cannot be read from or sent to, and trying again does not help."""


class BuildError(WatchhouseError):
    """The models or their tests failed; nothing was published."""


class EngineError(BuildError):
    """The engine failed by a fault of its own, and works again once the database is opened anew."""


class PublishError(WatchhouseError):
    """What was built may not be published, or could not be written."""


class LockTimeoutError(WatchhouseError):
    """Another process held the lock for longer than the caller would wait."""


class NoReleaseError(WatchhouseError):
    """Nothing has been published yet."""


class SimulationError(WatchhouseError):
    """Simulated events cannot be written."""


class DemoError(WatchhouseError):
    """A step of the demo failed, or its release differs from what was simulated."""


class QueryError(WatchhouseError):
    """A query is wrong, or its result cannot be written."""


class QuestionError(WatchhouseError):
    """A question for metrics names what no mart can answer; `parameter` says which part of it."""

    def __init__(self, *, parameter: str, detail: str) -> None:
        """Name the parameter, and what it may be instead."""
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter
        self.detail = detail


def one_line(error: BaseException) -> str:
    """Return the message of another library's error on one line, without excerpts of SQL."""
    return " ".join(str(error).split("\n\nLINE ", maxsplit=1)[0].split())
