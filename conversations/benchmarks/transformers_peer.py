"""transformers' own continuous batching as a peer of `benchmark_inference`."""

import asyncio
import queue
import threading
from collections.abc import Iterator

import torch
from transformers import GenerationConfig
from transformers.generation import ContinuousBatchingConfig
from transformers.generation.continuous_batching.requests import GenerationOutput

from conversations.inference.backend import BackendUnavailable
from conversations.inference.benchmark import Prompt
from conversations.inference.llama_loading import load
from conversations.inference.llama_rungs import cpu_settings
from conversations.inference.llama_transformers import PromptEncoder
from conversations.inference.registry import InferenceConfig

PAGE, CONTEXT = 32, 1024
#: Prompt and reply tokens of one step; its own guess asks a GPU.
STEP_TOKENS = 256
PATIENCE = 600.0
DTYPES = {"bf16": torch.bfloat16, "float32": torch.float32}


class TransformersPeer:
    """ContinuousBatchingManager with as many threads as our engine has. bf16 is what it was first
    tried in; on a CPU without bf16 instructions float32 is the faster one."""

    def __init__(self, config: InferenceConfig, *, slots: int, dtype: str) -> None:
        settings = cpu_settings(config)
        torch.set_num_threads(settings.threads)
        loaded = load(settings.source, device="cpu", quantization="none")
        self.name = f"transformers ({dtype})"
        self._encoder = PromptEncoder(loaded)
        self._manager = loaded.model.to(DTYPES[dtype]).init_continuous_batching(
            generation_config=GenerationConfig(do_sample=False, eos_token_id=-1),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=PAGE,
                num_blocks=slots * CONTEXT // PAGE,
                max_batch_tokens=STEP_TOKENS,
                max_requests_per_batch=slots,
                use_cuda_graph=False,
                use_async_batching=False,
            ),
        )
        self._manager.start()
        # Results come by callback, on an event loop.
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listening.start()
        self._asked, self._lock = 0, threading.Lock()

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        arrivals: queue.SimpleQueue[GenerationOutput] = queue.SimpleQueue()
        with self._lock:
            self._asked += 1
            name = f"ask-{self._asked}"

        async def begin() -> None:
            self._manager.register_result_handler(name, arrivals.put)
            self._manager.add_request(
                self._encoder.encode(prompt), name, max_new_tokens=tokens, streaming=True
            )

        asyncio.run_coroutine_threadsafe(begin(), self._loop).result()
        seen = 0
        while True:
            output = arrivals.get(timeout=PATIENCE)
            if output.error:
                raise BackendUnavailable(f"transformers: {output.error}")
            made = len(output.generated_tokens)
            yield made - seen
            seen = made
            if output.is_finished():
                return

    def close(self) -> None:
        self._manager.stop(block=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._listening.join()
        self._loop.close()
