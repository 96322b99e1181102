"""The engines of the benchmark: ours, plain `generate`, and llama.cpp where it is installed."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import torch
from transformers import LlamaForCausalLM
from transformers.generation.streamers import BaseStreamer

from conversations.inference.backend import BackendUnavailable, GenerationRequest
from conversations.inference.benchmark import Prompt
from conversations.inference.llama_loading import load
from conversations.inference.llama_rungs import cpu_settings
from conversations.inference.llama_transformers import LlamaBackend, PromptEncoder
from conversations.inference.registry import InferenceConfig
from conversations.inference.weights import packaged_gguf

PATIENCE = 600.0


class PortalPeer:
    """Our engine, as the cpu rung runs it."""

    name = "portal"

    def __init__(self, config: InferenceConfig) -> None:
        self._backend = LlamaBackend(replace(cpu_settings(config), ends=False))
        self.name = f"portal ({self._backend.quantization})"

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        stream = self._backend.start(
            GenerationRequest(
                request_id="benchmark",
                messages=prompt,
                max_tokens=tokens,
                deadline=time.monotonic() + PATIENCE,
            )
        )
        seen = 0
        for _piece in stream:
            seen += 1
            yield 1
        yield stream.stats.output_tokens - seen  # tokens that came in a piece with others

    def close(self) -> None:
        self._backend.close()


class _Arrivals(BaseStreamer):
    """Tells of each token that generate() makes; the first call is the prompt."""

    def __init__(self) -> None:
        self.made: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._prompted = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompted:
            self.made.put(value.numel())
        self._prompted = True

    def end(self) -> None:
        self.made.put(None)


class GeneratePeer:
    """transformers' generate(), a request at a time, in the weights' own bf16."""

    name = "generate"

    def __init__(self, config: InferenceConfig) -> None:
        settings = cpu_settings(config)
        torch.set_num_threads(settings.threads)
        loaded = load(settings.source, device="cpu", quantization="none")
        self._encoder = PromptEncoder(loaded)
        self._model: LlamaForCausalLM = loaded.model.to(torch.bfloat16)
        self._threads = settings.threads
        self._one = threading.Lock()

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        arrivals = _Arrivals()
        worker = threading.Thread(target=self._write, args=(prompt, tokens, arrivals))
        worker.start()
        while (made := arrivals.made.get()) is not None:
            yield made
        worker.join()

    def _write(self, prompt: Prompt, tokens: int, arrivals: _Arrivals) -> None:
        ids = torch.tensor([self._encoder.encode(prompt)])
        try:
            with self._one, torch.inference_mode():
                torch.set_num_threads(self._threads)
                self._model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=tokens,
                    min_new_tokens=tokens,
                    do_sample=False,
                    streamer=arrivals,
                )
        finally:
            arrivals.end()

    def close(self) -> None:
        del self._model


class LlamaCppPeer:
    """llama.cpp from the optional wheel `xllamacpp`: same GGUF, its own continuous batching."""

    name = "llama.cpp"

    def __init__(self, config: InferenceConfig, *, slots: int) -> None:
        settings = cpu_settings(config)
        try:
            library = import_module("xllamacpp")
        except ImportError:
            raise BackendUnavailable(
                "llama.cpp is not installed; run `pip install -r requirements-benchmark.txt`."
            ) from None
        params = library.CommonParams()
        params.model.path = str(packaged_gguf())
        params.n_parallel = slots
        params.n_ctx = slots * 1024
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = settings.threads
        params.cpuparams_batch.n_threads = settings.threads
        params.verbosity = -1
        self._server = library.Server(params)
        loaded = load(settings.source, device="cpu", quantization="none")
        self._encoder = PromptEncoder(loaded)

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        arrivals: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        body = {
            "prompt": self._encoder.render(prompt),
            "n_predict": tokens,
            "ignore_eos": True,
            "temperature": 0,
            "stream": True,
            "cache_prompt": True,
        }

        def write() -> None:
            try:
                self._server.handle_completions(json.dumps(body), arrivals.put)
            finally:
                arrivals.put(None)

        worker = threading.Thread(target=write)
        worker.start()
        while (arrived := arrivals.get()) is not None:
            yield _tokens_in(arrived)
        worker.join()

    def close(self) -> None:
        del self._server


def _tokens_in(arrived: str) -> int:
    """A streamed piece is a token; the last one, which has a reason, is none."""
    piece: dict[str, Any] = json.loads(arrived)
    if "choices" not in piece:
        raise BackendUnavailable(f"llama.cpp refused: {arrived[:200]}")
    return int(piece["choices"][0]["finish_reason"] is None)
