"""The Llama rungs: transformers' model and chat template behind our engine.

One backend a process; many threads may call start() at once, and each reads its own stream.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from conversations.inference.backend import (
    BackendLoad,
    BackendUnavailable,
    ChatMessage,
    GenerationRequest,
)
from conversations.inference.engine import Engine
from conversations.inference.engine_stream import EngineStream
from conversations.inference.llama_loading import LoadedLlama, load
from conversations.inference.llama_runner import LlamaRunner
from conversations.inference.model_shape import Quantization
from conversations.inference.prefixes import PrefixIndex
from conversations.inference.scheduler import Limits, Scheduler
from conversations.inference.text import neutralised
from conversations.inference.weights import ModelSource

logger = logging.getLogger("portal.inference")

PAGE_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class LlamaSettings:
    """How a rung's model is run. Without `ends` a reply goes on past the model's end, up to its
    tokens: for measurements. `placement` says to operators what was decided."""

    name: str
    source: ModelSource
    device: str
    quantization: Quantization
    threads: int
    slots: int
    context: int
    step_tokens: int
    prefix_bytes: int
    ends: bool = True
    placement: str = ""


class LlamaBackend:
    """See GenerationBackend. Loading takes seconds and happens in the constructor."""

    def __init__(self, settings: LlamaSettings) -> None:
        began = time.perf_counter()
        self.name = settings.name
        self.model = settings.source.name
        self.quantization = settings.quantization
        self.placement = settings.placement or (
            f"{settings.device}, {settings.quantization}, {settings.slots} slots of "
            f"{settings.context} tokens"
        )
        if settings.device == "cpu":
            torch.set_num_threads(settings.threads)
        loaded = load(settings.source, device=settings.device, quantization=settings.quantization)
        self._prompts = PromptEncoder(loaded)
        self._engine = _engine(settings, loaded, self._prompts)
        self._closed = threading.Event()
        self._rehearse()
        self.load_seconds = time.perf_counter() - began
        logger.info(
            "model %s ready on %s (%s) in %.1f s",
            self.model,
            settings.device,
            settings.quantization,
            self.load_seconds,
        )

    def ready(self) -> bool:
        return self._engine.alive

    def start(self, request: GenerationRequest) -> EngineStream:
        prompt = self._prompts.encode(request.messages, prefix=request.prefix)
        return self._engine.start(request, prompt)

    def warm(self, messages: Sequence[ChatMessage]) -> None:
        try:
            self._engine.warm(self._prompts.encode_beginning(messages))
        except BackendUnavailable:
            return  # a hint never fails

    def load(self) -> BackendLoad:
        return self._engine.load()

    def close(self) -> None:
        self._closed.set()
        self._engine.close()

    def _rehearse(self) -> None:
        """Two short replies: the first compiles and packs, the second measures."""
        for _ in range(2):
            stream = self.start(
                GenerationRequest(
                    request_id="rehearsal",
                    messages=(ChatMessage("user", "word " * 40),),
                    max_tokens=4,
                    deadline=time.monotonic() + 60,
                )
            )
            for _piece in stream:
                pass


class PromptEncoder:
    """Messages to tokens by the model's own chat template. Safe for many threads."""

    def __init__(self, loaded: LoadedLlama) -> None:
        self._chat = loaded.tokenizer
        # The bare tokenizer: the wrapper changes its settings in calls, which threads must not.
        self._tokens: Tokenizer = loaded.tokenizer.backend_tokenizer
        self._special = sorted(loaded.tokenizer.all_special_tokens, key=len, reverse=True)
        self.end_tokens = _end_tokens(loaded)

    def encode(self, messages: Sequence[ChatMessage], *, prefix: str = "") -> list[int]:
        text = self.render(messages, open_reply=True)
        return self._encode(text + neutralised(prefix.rstrip(), self._special))

    def encode_beginning(self, messages: Sequence[ChatMessage]) -> list[int]:
        return self._encode(self.render(messages, open_reply=False))

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokens.decode(list(tokens), skip_special_tokens=True)
        return text

    def render(self, messages: Sequence[ChatMessage], *, open_reply: bool = True) -> str:
        """The prompt as text, special tokens and all."""
        rendered: str = self._chat.apply_chat_template(
            [{"role": m.role, "content": neutralised(m.content, self._special)} for m in messages],
            tokenize=False,
            add_generation_prompt=open_reply,
        )
        return rendered

    def _encode(self, text: str) -> list[int]:
        tokens: list[int] = self._tokens.encode(text, add_special_tokens=False).ids
        return tokens


def _end_tokens(loaded: LoadedLlama) -> frozenset[int]:
    configured = loaded.model.generation_config.eos_token_id
    ends = configured if isinstance(configured, list) else [configured]
    ends = [*ends, loaded.tokenizer.eos_token_id]
    # The end of a turn, by the names that Llama 3 and ChatML give it.
    vocabulary = loaded.tokenizer.get_vocab()
    ends.extend(vocabulary.get(name) for name in ("<|eot_id|>", "<|im_end|>", "<|endoftext|>"))
    return frozenset(token for token in ends if token is not None)


def _engine(settings: LlamaSettings, loaded: LoadedLlama, prompts: PromptEncoder) -> Engine:
    config = loaded.model.config
    page_bytes = (
        config.num_hidden_layers * PAGE_SIZE * 2 * config.num_key_value_heads * config.head_dim * 2
    )
    pages = max(1, settings.prefix_bytes // page_bytes)
    limits = Limits(
        slots=settings.slots,
        context=min(settings.context, config.max_position_embeddings) // PAGE_SIZE * PAGE_SIZE,
        step_tokens=settings.step_tokens,
    )
    runner = LlamaRunner(
        loaded.model,
        loaded.layers,
        limits=limits,
        pages=pages,
        page_size=PAGE_SIZE,
        threads=settings.threads,
    )
    return Engine(
        runner=runner,
        scheduler=Scheduler(limits, PrefixIndex(pages=pages, page_size=PAGE_SIZE)),
        decode=prompts.decode,
        end_tokens=prompts.end_tokens if settings.ends else frozenset(),
        model=settings.source.name,
    )
