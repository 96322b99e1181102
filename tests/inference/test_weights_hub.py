"""Fetching a model: the wire is a local HTTP server that speaks the hub's interface."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conversations.inference import weights
from conversations.inference.backend import BackendUnavailable
from conversations.inference.weights_hub import Hub, fetch

REVISION = "a" * 40
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "model-00001.safetensors": bytes(range(256)) * 9000,
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"never fetched",
    "folder/evil.json": b"never fetched",
}


class FakeHub(ThreadingHTTPServer):
    files: dict[str, bytes]
    asked: list[tuple[str, str, str]]
    cut_at = 0
    redirect_to = ""


class Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_GET(self) -> None:
        asked_from = self.headers.get("Range", "")
        self.server.asked.append((self.path, asked_from, self.headers.get("Authorization", "")))
        if self.path.startswith("/api/"):
            return self._answer(json.dumps({"sha": REVISION, "siblings": self._listing()}).encode())
        if self.server.redirect_to:
            self.send_response(302)
            self.send_header("Location", self.server.redirect_to + self.path)
            self.end_headers()
            return None
        content = self.server.files[self.path.rpartition("/")[2]]
        start = int(asked_from[6:-1] or 0) if asked_from else 0
        return self._answer(content[start:], 206 if start else 200)

    def _listing(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for name, content in FILES.items():
            sha1 = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            row: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": sha1}
            if name.endswith(".safetensors"):
                row["lfs"] = {"sha256": hashlib.sha256(content).hexdigest()}
            rows.append(row)
        return rows

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        cut, self.server.cut_at = self.server.cut_at, 0
        self.wfile.write(body[:cut] if cut and len(body) > cut else body)
        if cut and len(body) <= cut:
            self.server.cut_at = cut

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    server = FakeHub(("127.0.0.1", 0), Handler)
    server.files, server.asked = dict(FILES), []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def get(hub: FakeHub, var: Path, token: str = "") -> Path:
    url = f"http://127.0.0.1:{hub.server_port}"
    return fetch(Hub(url, token), "meta/llama", REVISION, var, progress=False)


def test_a_model_is_fetched_once_whole_and_without_what_could_run(
    hub: FakeHub, tmp_path: Path
) -> None:
    folder = get(hub, tmp_path, token="sesame")
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "model-00001.safetensors", "tokenizer.json", weights.MANIFEST,
    }  # fmt: skip
    assert weights.faults(folder) == []
    assert all(key == "Bearer sesame" for _, _, key in hub.asked)
    assert all(REVISION in path for path, _, _ in hub.asked)
    asked = len(hub.asked)
    assert get(hub, tmp_path) == folder
    assert len(hub.asked) == asked


def test_a_transfer_that_broke_off_goes_on_where_it_was(hub: FakeHub, tmp_path: Path) -> None:
    hub.cut_at = 1_000_000
    with pytest.raises(BackendUnavailable, match="broke off"):
        get(hub, tmp_path)
    folder = get(hub, tmp_path)
    assert weights.faults(folder) == []
    assert "bytes=1000000-" in {start for _, start, _ in hub.asked}


def test_a_file_with_another_hash_is_thrown_away(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["model-00001.safetensors"] = bytes(256 * 9000)
    with pytest.raises(BackendUnavailable, match="its hash is wrong"):
        get(hub, tmp_path)
    assert not any(tmp_path.rglob("*.safetensors"))
    hub.files = dict(FILES)
    assert get(hub, tmp_path).is_dir()


def test_the_token_stays_behind_on_the_way_to_another_host(hub: FakeHub, tmp_path: Path) -> None:
    storage = FakeHub(("127.0.0.1", 0), Handler)
    storage.files, storage.asked = dict(FILES), []
    thread = threading.Thread(target=storage.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.redirect_to = f"http://localhost:{storage.server_port}"
    try:
        get(hub, tmp_path, token="sesame")
    finally:
        storage.shutdown()
        storage.server_close()
        thread.join(5)
    assert {key for _, _, key in hub.asked} == {"Bearer sesame"}
    assert {key for _, _, key in storage.asked} == {""}


def test_a_hub_that_is_away_and_a_loose_revision_are_said(tmp_path: Path) -> None:
    away = Hub("http://127.0.0.1:1")
    with pytest.raises(BackendUnavailable, match="cannot be fetched from"):
        fetch(away, "meta/llama", REVISION, tmp_path, progress=False)
    with pytest.raises(BackendUnavailable, match="40 hex digits"):
        fetch(away, "meta/llama", "main", tmp_path, progress=False)
