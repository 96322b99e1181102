"""`manage.py run`: the whole portal on one machine, from nothing to `ready`; it leaves nothing."""

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from conversations import dispatch
from conversations.inference import weights
from conversations.inference.rungs import RungReport, Rungs
from portal import limits, preparation
from portal.embedded import Services
from portal.supervisor import Child, Supervisor

WEB_SECONDS = 120.0
MODEL_SECONDS = 120.0  # a model that cannot load says so at once
FIRST = 2  # children that start at once
#: Everything here shares the same cores. A page's own small steps ("your message is here") go
#: before searching and writing, which take long anyway: first frame p95 42 in place of 50 ms.
WORKERS_STAND_BACK = 5
REVIVE_SECONDS = 1.0
TICK = 0.2


def other_gpus() -> range:
    """The GPUs beside the first one, each of which gets a model worker of its own."""
    if settings.CONFIG.tier not in {"auto", "gpu"} or settings.CONFIG.gpu_device != "auto":
        return range(0)
    return range(1, len(list(Path("/dev").glob("nvidia[0-9]*"))))


class Command(BaseCommand):
    help = "Set up and run everything on this machine: services, workers and the web server."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.CONFIG.host)
        parser.add_argument("--port", type=int, default=settings.CONFIG.port)

    def handle(self, *_args: Any, **options: Any) -> None:
        self.began, self.began_at = time.monotonic(), time.time()
        self.host, self.port = options["host"], options["port"]
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        self.url = f"http://{shown}:{self.port}/"
        self._listen()
        with self._alone():
            self._refuse_taken_port()
            services = Services(settings.CONFIG)
            try:
                self._serve(services)
            except KeyboardInterrupt:
                self.say("stopped.")
            except (RuntimeError, OSError, preparation.StepFailed) as error:
                raise CommandError(str(error)) from error
            finally:
                connections.close_all()
                services.release()

    def _listen(self) -> None:
        """End on Ctrl-C and its like. SIGINT too: a shell that starts us with & has it ignored."""
        self.ending = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)

    def _end(self, *_signal: object) -> None:
        self.ending = True
        raise KeyboardInterrupt

    def _go_on(self) -> None:
        """Ends now where the wish to end got lost: what is raised in a finalizer Python ignores."""
        if self.ending:
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.began:5.1f} s] {line}")
        self.stdout.flush()

    # --- before anything starts

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse a second `run` on the same state folder."""
        path = settings.CONFIG.var / "run" / "run.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                where = file.read().strip() or "another process"
                raise CommandError(
                    f"This portal runs already ({where}). Stop that one, or give this one a state "
                    "folder of its own with PORTAL_VAR."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}, {self.url}")
            file.flush()
            yield

    def _refuse_taken_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise CommandError(
                    f"Cannot listen on {self.host}:{self.port}: {error.strerror}. "
                    f"Choose another port: make run PORT={self.port + 1}"
                ) from None

    # --- the way up

    def _serve(self, services: Services) -> None:
        model = ThreadPoolExecutor(1).submit(self._prepare_model)
        self._step("PostgreSQL and Redis", services.acquire)
        self._step("database schema", preparation.migrate)
        self._step("static files", preparation.collect_assets)
        model.result()
        self._load_demo()
        connections.close_all()
        children = self._children()
        supervisor = Supervisor(children[:FIRST], say=self.say)
        try:
            supervisor.start()
            if not self._wait(supervisor, self._web_is_ready, WEB_SECONDS):
                raise RuntimeError(f"The web server does not get ready. See {self._log('web')}")
            self.say("the web server is ready")
            self._wait(supervisor, self._model_has_spoken, MODEL_SECONDS)
            self.say(self._about_the_model())
            # Only now: the first question waits for the model, so the model has the cores first.
            supervisor.add(children[FIRST:])
            self._announce(preparation.create_admin())
            connections.close_all()
            self._watch(supervisor, services)
        finally:
            self.say("stopping")
            supervisor.stop(patience=limits.DRAIN + 5)

    def _step(self, name: str, work: Callable[[], object]) -> None:
        self._go_on()
        started = time.monotonic()
        done = work()
        seconds = time.monotonic() - started
        self.say(f"{name}: {'done' if done else 'nothing to do'} ({seconds:.1f} s)")

    def _prepare_model(self) -> None:
        if not weights.faults(weights.default_folder(settings.CONFIG.var)):
            return
        try:
            preparation.run_command("prepare_model")
        except preparation.StepFailed as error:
            self.say(f"{error} Answers will be quoted from the articles.")

    def _load_demo(self) -> None:
        if not preparation.has_articles():
            self.say("loading the demo help centre")
            try:
                preparation.run_command("import_articles", str(preparation.DEMO_ARTICLES))
            except preparation.StepFailed as error:
                self.say(f"{error} The help centre may be empty; import articles of your own.")

    def _children(self) -> list[Child]:
        commands = {
            "model worker": ("worker", "model"),
            "web": ("serve", "--host", self.host, "--port", str(self.port)),
            "default worker": ("worker", "default"),
            **({"remote worker": ("worker", "remote")} if settings.CONFIG.remote_rungs else {}),
            "beat": ("beat",),
        }
        metrics = settings.CONFIG.var / "run" / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        # One port cannot be four processes': the pages' /metrics has all of them.
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(metrics), "PORTAL_METRICS_PORT": "0"}
        children = [
            Child(
                name,
                preparation.manage(*command),
                self._log(name),
                dict(shared),
                nice=WORKERS_STAND_BACK if command[0] == "worker" else 0,
            )
            for name, command in commands.items()
        ]
        if other_gpus():
            children[0].environment["PORTAL_GPU_DEVICE"] = "0"
        return children + [self._gpu_worker(number, shared) for number in other_gpus()]

    def _gpu_worker(self, number: int, shared: dict[str, str]) -> Child:
        name = f"model worker {number}"
        environment = {**shared, "PORTAL_GPU_DEVICE": str(number)}
        command = preparation.manage("worker", "model")
        return Child(name, command, self._log(name), environment, nice=WORKERS_STAND_BACK)

    def _log(self, name: str) -> Path:
        return settings.CONFIG.var / "log" / f"{name.replace(' ', '-')}.log"

    # --- up

    def _wait(self, supervisor: Supervisor, happened: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                return False
            self._go_on()
            supervisor.tend()
            time.sleep(TICK)
        return True

    def _web_is_ready(self) -> bool:
        named = next((host for host in settings.ALLOWED_HOSTS if host[0] not in "*."), "localhost")
        host = self.url.removeprefix("http://").rsplit(":", 1)[0]
        connection = http.client.HTTPConnection(host, self.port, timeout=3)
        try:
            connection.request("GET", "/readyz", headers={"Host": named})
            response = connection.getresponse()
            json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        return response.status == http.HTTPStatus.OK

    def _model_has_spoken(self) -> bool:
        """A model worker of this start is ready, or has said why it cannot be."""
        return any(report.ready or report.reason for report in self._reports())

    def _reports(self) -> list[RungReport]:
        reports = Rungs(settings.REDIS_URL, dispatch.LADDER).reports()
        return [report for report in reports if report.at > self.began_at]

    def _about_the_model(self) -> str:
        reports = self._reports()
        for report in reports:
            if report.ready:
                return f"the model {report.model} is ready ({report.tier})"
        why = next((report.reason for report in reports if report.reason), "it is still loading")
        return f"No model: {why}. Until it is there, answers are quoted from the articles."

    def _announce(self, password: str) -> None:
        out = self.stdout
        out.write(f"ready {self.url}")
        out.write(f"  help centre  {self.url}help/")
        out.write(f"  admin        {self.url}admin/")
        if password:
            out.write(f"               {preparation.ADMIN} / {password}   (shown this once)")
        out.write(f"  health       {self.url}readyz")
        out.write(f"  logs         {settings.CONFIG.var / 'log'}")
        out.write("  Ctrl-C stops everything.")
        out.flush()

    def _watch(self, supervisor: Supervisor, services: Services) -> None:
        revive_at = 0.0
        while True:
            self._go_on()
            supervisor.tend()
            if time.monotonic() > revive_at:
                self._revive(services)
                revive_at = time.monotonic() + REVIVE_SECONDS
            time.sleep(TICK)

    def _revive(self, services: Services) -> None:
        """A service that does not start now may start in a moment: never a reason to end."""
        try:
            for name in services.revive():
                self.say(f"{name} had died and was started again.")
        except (RuntimeError, OSError) as error:
            self.say(f"{error} It is tried again.")
