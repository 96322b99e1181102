"""A real OpenAI-compatible server: llama.cpp's own, where its optional wheel is installed."""

from typing import Any

import pytest

from conversations.inference.remote_backend import RemoteBackend
from conversations.inference.remote_rungs import RemoteRung
from conversations.inference.weights import packaged_gguf
from tests.inference.conftest import request_for

pytestmark = pytest.mark.model
SHOP = "Answer from this passage. You can return any unused item within 30 days of delivery."


@pytest.fixture(scope="module")
def backend() -> RemoteBackend:
    library = pytest.importorskip("xllamacpp")
    params: Any = library.CommonParams()
    params.model.path = str(packaged_gguf())
    params.n_parallel = 2
    params.n_ctx = 2048
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    server = library.Server(params)
    address = server.listening_address
    if not address:
        pytest.skip("this build of llama.cpp has no server")
    rung = RemoteRung(
        name="llamacpp",
        url=f"{address}/v1" if address.startswith("http") else f"http://{address}/v1",
        model="smollm2",
        continues="prefill",
        first_token_seconds=60.0,
        stall_seconds=60.0,
    )
    backend = RemoteBackend(rung)
    backend.server = server  # type: ignore[attr-defined]  # lives as long as its client
    return backend


def test_it_writes_counts_and_stops(backend: RemoteBackend) -> None:
    stream = backend.start(request_for(SHOP, "How long do I have to return an item?"))
    text = "".join(stream)
    assert "30" in text or "return" in text
    assert stream.stats.prompt_tokens > 20
    assert 0 < stream.stats.output_tokens <= 24


def test_it_goes_on_from_what_was_shown(backend: RemoteBackend) -> None:
    prefix = "You can return any unused item within"
    text = "".join(backend.start(request_for(SHOP, "Returns?", prefix=prefix)))
    assert text.lstrip().startswith("30")
    assert "You can return any unused item within" not in text[:20]
