"""Brokers that the tests of the loader run on, the real one wherever it is to be had.

`KAFKA_BOOTSTRAP_SERVERS` names one that runs; `KAFKA_HOME` a distribution; else Maven fetches the
jars, once, into `tests/brokers/jars`; else the broker that pip installs. `WATCHHOUSE_TEST_BROKER`
set to `pip` asks for that one.
"""

import base64
import fcntl
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
JARS = HERE / "jars"
START_SECONDS = 60.0
FETCH_SECONDS = 240.0
OLDEST_JAVA = 17

_PROPERTIES = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SECURE://:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
ssl.keystore.type=PKCS12
ssl.keystore.location={folder}/broker.p12
ssl.keystore.password={password}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required \
    user_{user}="{password}";
listener.name.secure.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/logs
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.check.interval.ms=300
log.initial.task.delay.ms=300
log.segment.delete.delay.ms=100
"""


@dataclass(frozen=True)
class Secured:
    """A second door of a broker: SASL_SSL, by PLAIN or SCRAM-SHA-512."""

    port: int
    ca_file: Path
    """In PEM; the certificate that signs itself names 127.0.0.1, and no other host."""
    user: str
    password: str


@dataclass
class Broker:
    """A broker that may be stopped and started again; one that somebody else runs may not."""

    name: str
    servers: str
    command: Sequence[str] = ()
    folder: Path | None = None
    secured: Secured | None = None
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def is_real(self) -> bool:
        """Whether it is Apache Kafka."""
        return "pip" not in self.name

    @property
    def is_ours(self) -> bool:
        """Whether it may be killed."""
        return bool(self.command)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self.command or self.folder is None:
            return
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        host, port = self.servers.split(":")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        text = (self.folder / "broker.log").read_text(errors="replace")
        message = f"{self.name} did not start:\n{text[-2000:]}"
        raise RuntimeError(message)

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def find_broker(folder: Path) -> Broker:
    """Return the best broker there is, not started, whose data go below `folder`."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        return Broker(f"the one at {given}", given)
    port, controller = _free_port(), _free_port()
    servers = f"127.0.0.1:{port}"
    jars = None
    if os.environ.get("WATCHHOUSE_TEST_BROKER") != "pip":
        home = os.environ.get("KAFKA_HOME")
        jars = Path(home) / "libs" if home else fetched_jars()
    if jars is None:
        command = [_pip_broker(), "start", "--only", "kafka", "--kafka-port", str(port)]
        return Broker("noida-db from pip", servers, [*command, "--data-dir", "data"], folder)
    secured = _secured(folder)
    settings = folder / "server.properties"
    settings.write_text(
        _PROPERTIES.format(
            port=port,
            controller=controller,
            secure=secured.port,
            folder=folder,
            user=secured.user,
            password=secured.password,
            modules="org.apache.kafka.common.security",
        )
    )
    java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*"]
    formatting = ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(settings)]
    formatting += ["-S", f"SCRAM-SHA-512=[name={secured.user},password={secured.password}]"]
    subprocess.run([*java, *formatting], check=True, capture_output=True, timeout=START_SECONDS)
    found = next(jars.glob("kafka_2.13-*.jar"), None)
    version = "" if found is None else found.stem.removeprefix("kafka_2.13-")
    name, command = f"Apache Kafka {version}", [*java, "kafka.Kafka", str(settings)]
    return Broker(name, servers, command, folder, secured)


def _secured(folder: Path) -> Secured:
    """Make the certificate of a broker, and choose how it is asked for."""
    secured = Secured(_free_port(), folder / "ca.pem", "anna", uuid.uuid4().hex)
    common = ["-keystore", str(folder / "broker.p12"), "-storetype", "PKCS12", "-alias", "broker"]
    common += ["-storepass", secured.password]
    making = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2"]
    making += ["-dname", "CN=broker", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"]
    exporting = ["-exportcert", "-rfc", "-file", str(secured.ca_file)]
    for action in (making, exporting):
        command = ["keytool", *action, *common]
        subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS)
    return secured


def fetched_jars() -> Path | None:
    """Return the folder of Kafka's jars, fetched on first use; None if they cannot be had."""
    if _java_version() < OLDEST_JAVA:
        return None
    wanted = JARS / ".complete"
    JARS.mkdir(exist_ok=True)
    with (JARS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pom = (HERE / "pom.xml").read_text()
        if wanted.exists() and wanted.read_text() == pom:
            return JARS
        if shutil.which("mvn") is None:
            return None
        for old in JARS.glob("*.jar"):
            old.unlink()
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={JARS}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS)
        except (OSError, subprocess.SubprocessError):
            return None
        wanted.write_text(pom)
        return JARS


def _java_version() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else 0


def _pip_broker() -> str:
    found = importlib.util.find_spec("noida_db")
    if found is None or found.origin is None:
        message = "neither Apache Kafka nor the broker from pip is here; make setup-dev"
        raise RuntimeError(message)
    return str(Path(found.origin).with_name("noida-db"))


def _cluster_id() -> str:
    # One that starts with a dash would be taken for an option.
    return "w" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
