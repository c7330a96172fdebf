"""Messages of topics become batches of the lake, each message once, until told to stop."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ingest.streaming.broker import Member, OutOfRangeError, Partition, UnreachableError
from ingest.streaming.chains import Chains, Log
from ingest.streaming.cursors import Cursor, Progress, is_full
from ingest.streaming.horizon import Horizon
from ingest.streaming.micro_batches import Lander, MicroBatch
from ingest.streaming.notices import Notices
from ingest.streaming.topics import Topic
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings
from watchhouse.storage import lake_error

_LOGGER: Final = logging.getLogger("watchhouse.ingest")

_POLL_SECONDS: Final = 0.1
_PULSE_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 3.0
_SETTLED_SECONDS: Final = 3.0
_LONGEST_WAIT: Final = 30.0
_COMMIT_SECONDS: Final = 1.0


class StreamLoader:
    """A loader of topics; `run` it in any thread, ask for its `progress` from any other."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[Topic],
        *,
        home: Home,
        pseudonymiser: Pseudonymiser,
        received: Callable[[], None] = lambda: None,
    ) -> None:
        """Read and write nothing yet; `received` is told when messages come."""
        self._settings = settings
        self._topics = {topic.name: topic for topic in topics}
        self._home = home
        self._received = received
        self._chains = Chains(home)
        self._lander = Lander(home, self._chains, pseudonymiser)
        self._cursors: dict[Partition, Cursor] = {}
        self._member: Member | None = None
        self._oldest = float("inf")
        self._to_commit: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._pulse_at = 0.0
        self._idle_since = 0.0
        self._horizon = Horizon()
        self._notices = Notices(settings.kafka_bootstrap_servers, list(self._topics))
        self.progress = Progress()

    def run(self, stop: threading.Event, *, until_idle: bool = False) -> None:
        """Land messages until `stop` is set; with `until_idle`, until there are no more.

        What is in hand is landed before it returns. A broker that does not answer is waited for.

        Raises:
            BrokerError: a topic cannot be read, and trying again does not help.
            LakeError: the lake cannot be written.
        """
        try:
            self._chains.refresh()
            self._member = self._connect(stop)
            if self._member is not None:
                try:
                    self._read(self._member, stop, until_idle=until_idle)
                    self._finish(self._member)
                finally:
                    self._member.close()
        except OSError as error:
            raise lake_error(error, self._home.root) from error
        finally:
            self._lander.close()

    def _connect(self, stop: threading.Event) -> Member | None:
        wait = 0.25
        while not stop.is_set():
            try:
                member = Member(
                    self._settings,
                    list(self._topics),
                    position=self._position,
                    released=self._pass_over,
                )
            except UnreachableError as error:
                self._unreachable(error)
                stop.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                self._reachable()
                return member
        return None

    def _read(self, member: Member, stop: threading.Event, *, until_idle: bool) -> None:
        while not stop.is_set():
            try:
                records = member.poll(self._patience())
            except OutOfRangeError as error:
                records = {}
                self._find_again(member, error.positions)
            except UnreachableError as error:
                records = {}
                self._unreachable(error)
                stop.wait(_POLL_SECONDS)
            for at, found in records.items():
                cursor = self._cursors.get(at)
                if cursor is not None and cursor.gather(found):
                    self._oldest = min(self._oldest, time.monotonic())
            if records:
                self._received()
                self._reachable()
            self._collect(member)
            if self._is_due():
                self._hand_over(member, stop)
            if not records and self._pulse(member, is_asked=until_idle) and until_idle:
                return

    def _patience(self) -> float:
        """Return for how long to wait for messages: until those in hand are due."""
        if self._lander.is_busy:
            return _POLL_SECONDS / 4
        left = self._oldest + self._settings.kafka_batch_seconds - time.monotonic()
        return min(max(left, 0.0), _POLL_SECONDS)

    def _position(self, at: Partition) -> int:
        """Return where a partition that was given to us starts: where the ledger ends."""
        self._chains.refresh()
        return self._restart(at)

    def _restart(self, at: Partition) -> int:
        log = self._log(at)
        end = self._chains.end(log)
        self._cursors[at] = Cursor(log, end, end)
        return end

    def _log(self, at: Partition) -> Log:
        member = self._member
        # During the first join there is a member already: it joins when it is first polled.
        generation = "" if member is None else member.generation(at.topic)
        cluster = "" if member is None else member.cluster()
        own = self._settings.kafka_generation
        generation = "+".join(part for part in (generation or "1", own) if part)
        return Log(cluster or "default", at.topic, generation, at.partition)

    def _pass_over(self) -> None:
        """Forget what is gathered: whoever has the partitions next reads it again."""
        self._cursors = {}
        self._oldest = float("inf")
        self._horizon = Horizon()

    def _is_due(self) -> bool:
        if is_full(self._cursors.values(), self._settings):
            return True
        age = time.monotonic() - self._oldest
        return age >= self._settings.kafka_batch_seconds and not self._lander.is_busy

    def _hand_over(self, member: Member, stop: threading.Event) -> None:
        """Give what is gathered to the lander, once that has landed what it was given before."""
        # Heartbeats are sent by another thread; reading on is what would fill the memory.
        while not self._lander.wait(_POLL_SECONDS):
            if stop.is_set():
                return
        self._collect(member)
        self._put(member)

    def _put(self, member: Member) -> None:
        gathered = [(at, c) for at, c in self._cursors.items() if c.messages.offsets]
        if not gathered:
            self._oldest = float("inf")
            return
        try:
            # The broker serves topics by name. That the topic still is the one that we think it
            # is, asked after its messages came, proves that they are of this one.
            member.refresh(_ANSWER_SECONDS)
        except UnreachableError as error:
            self._unreachable(error)
            return
        self._oldest = float("inf")
        batches = []
        for at, cursor in gathered:
            if self._log(at) != cursor.log:
                self._notices.recreated(at)
                member.seek(at, self._restart(at))
                continue
            start, messages = cursor.take()
            batches.append(MicroBatch(self._topics[at.topic], cursor.log, start, messages))
        if batches:
            self._lander.put(batches)

    def _collect(self, member: Member) -> None:
        """Take note of what was landed; go back where another loader was faster."""
        for landing in self._lander.collect() if self._lander.has_news else ():
            log, entry = landing.batch.log, landing.entry
            at = Partition(log.topic, log.partition)
            if entry is not None:
                self._to_commit[at] = landing.batch.end
                self.progress = self.progress.after(entry)
                continue
            cursor = self._cursors.get(at)
            if cursor is not None and cursor.log == log:
                _LOGGER.debug("%s: another loader has landed from %d", log.uri, landing.batch.start)
                self._chains.refresh()
                member.seek(at, self._restart(at))
        self._tell(member)

    def _tell(self, member: Member) -> None:
        """Commit to the broker, now and then."""
        if self._to_commit and time.monotonic() - self._committed_at >= _COMMIT_SECONDS:
            self._committed_at = time.monotonic()
            member.commit(self._to_commit)
            self._to_commit = {}

    def _find_again(self, member: Member, positions: Mapping[Partition, int]) -> None:
        """Go on where the broker has something, if that is after what the ledger has."""
        try:
            member.refresh(_ANSWER_SECONDS)
            beginnings = member.beginnings(positions, _ANSWER_SECONDS)
            ends = member.ends(positions, _ANSWER_SECONDS)
        except UnreachableError as error:
            self._unreachable(error)
            return
        for at, offset in positions.items():
            cursor = self._cursors.get(at)
            if cursor is None:
                continue
            if self._log(at) != cursor.log:
                self._notices.recreated(at)
                member.seek(at, self._restart(at))
            elif offset < beginnings[at]:
                lost = beginnings[at] - offset
                where = f"{at.topic}, partition {at.partition}"
                if offset:
                    _LOGGER.warning("warning: %s: the broker has lost %d messages", where, lost)
                member.seek(at, beginnings[at])
            else:
                self._horizon.check(cursor, ends[at])
                member.seek(at, cursor.next_offset)

    def _pulse(self, member: Member, *, is_asked: bool) -> bool:
        """Look how far there is to go when nothing comes; return whether that is nowhere."""
        now = time.monotonic()
        is_empty = not self._lander.is_busy and not any(
            cursor.messages.offsets for cursor in list(self._cursors.values())
        )
        if now - self._pulse_at < (_POLL_SECONDS if is_asked and is_empty else _PULSE_SECONDS):
            return False
        self._pulse_at = now
        mine = {at: c for at, c in list(self._cursors.items()) if at in member.assigned()}
        try:
            if not mine:
                member.refresh(_ANSWER_SECONDS)
            ends = member.ends(mine, _ANSWER_SECONDS)
            positions = member.positions(mine)
        except UnreachableError as error:
            self._unreachable(error)
            return False
        self._reachable()
        self._notices.missing(member.partitions, must_exist=is_asked)
        for at, cursor in mine.items():
            self._horizon.check(cursor, ends[at])
        lag = sum(max(end - positions.get(at, mine[at].next_offset), 0) for at, end in ends.items())
        self.progress = replace(self.progress, lag=lag, partitions=len(mine))
        if mine or not member.has_joined():
            self._idle_since = now
        # A share of nothing may be a passing state of a group that is still being joined.
        is_settled = bool(mine) or now - self._idle_since > _SETTLED_SECONDS
        return (
            is_settled
            and is_empty
            and not (lag or self._horizon.is_in_doubt or self._lander.has_news)
        )

    def _finish(self, member: Member) -> None:
        """Land what is in hand."""
        self._lander.wait()
        self._collect(member)
        self._put(member)
        self._lander.wait()
        self._committed_at = float("-inf")
        self._collect(member)

    def _unreachable(self, error: Exception) -> None:
        self._notices.unreachable(error)
        self.progress = replace(self.progress, is_reachable=False)

    def _reachable(self) -> None:
        if not self.progress.is_reachable:
            self._notices.reachable()
            self.progress = replace(self.progress, is_reachable=True)
