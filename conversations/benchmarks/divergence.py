"""How far quantized weights are from the model itself, over the demo's help-centre text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from conversations.inference.llama_loading import LoadedLlama, load
from conversations.inference.llama_runner import LlamaRunner
from conversations.inference.model_shape import Quantization
from conversations.inference.scheduler import Limits
from conversations.inference.weights import ModelSource

#: Tokens of a piece of text that is read at once.
LENGTH = 300


@dataclass(frozen=True)
class Divergence:
    """Means over `positions`: share with the same first choice, Kullback-Leibler divergence from
    the unquantized model in nats, and loss (negative log-likelihood of the text) in nats."""

    weights: Quantization
    positions: int
    same_choice: float
    divergence: float
    loss: float


def measure(
    source: ModelSource, weights: Sequence[Quantization], text: str, pieces: int
) -> list[Divergence]:
    """Each of `weights` beside the unquantized model, on the CPU."""
    plain = load(source, device="cpu", quantization="none")
    tokens = plain.tokenizer(text)["input_ids"]
    read = [tokens[n * LENGTH : (n + 1) * LENGTH] for n in range(pieces)]
    read = [piece for piece in read if len(piece) == LENGTH]
    wanted = list(_scores(plain, read))
    return [
        _compare(name, read, wanted, load(source, device="cpu", quantization=name))
        for name in weights
    ]


def demo_text(folder: Path) -> str:
    """The demo's articles, one after the other."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.md")))


def table(found: Sequence[Divergence]) -> str:
    """As Markdown."""
    lines = [
        "| weights | positions | same first choice | divergence (KL) | loss |",
        "|---|--:|--:|--:|--:|",
    ]
    lines.extend(
        f"| {d.weights} | {d.positions:,} | {d.same_choice:.1%} | {d.divergence:.3f} "
        f"| {d.loss:.3f} |"
        for d in found
    )
    return "\n".join(lines)


def _scores(loaded: LoadedLlama, pieces: Sequence[list[int]]) -> Iterator[torch.Tensor]:
    limits = Limits(slots=1, context=LENGTH, step_tokens=LENGTH)
    runner = LlamaRunner(
        loaded.model, loaded.layers, limits=limits, pages=1, page_size=16, threads=1
    )
    for piece in pieces:
        yield functional.log_softmax(runner.scores(piece).float(), -1)


def _compare(
    name: Quantization,
    pieces: Sequence[list[int]],
    wanted: Sequence[torch.Tensor],
    loaded: LoadedLlama,
) -> Divergence:
    same = divergence = loss = 0.0
    for piece, plain, mine in zip(pieces, wanted, _scores(loaded, pieces), strict=True):
        same += float((plain.argmax(-1) == mine.argmax(-1)).sum())
        divergence += float((plain.exp() * (plain - mine)).sum())
        loss += float(functional.nll_loss(mine[:-1], torch.tensor(piece[1:]), reduction="sum"))
    positions = len(pieces) * LENGTH
    return Divergence(
        name,
        positions,
        same / positions,
        divergence / positions,
        loss / (positions - len(pieces)),
    )
