"""Turns a GGUF into a folder that transformers loads: safetensors, tokenizer, chat template."""

import io
import sys
from contextlib import redirect_stderr
from pathlib import Path

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

STEPS = ("reading weights", "reading tokenizer", "copying weights", "saving", "ready")


def convert(source: Path, target: Path, progress: bool) -> None:
    """Write the model in bf16 into the existing folder `target`. Takes about 20 seconds."""
    bar = tqdm(total=len(STEPS) - 1, disable=not progress, file=sys.stderr)

    def begin(step: str) -> None:
        bar.set_description(f"Preparing the model: {step}", refresh=False)
        bar.update(STEPS.index(step) - bar.n)
        bar.refresh()

    # transformers draws bars of its own across ours, one for each stage.
    with bar, redirect_stderr(io.StringIO()):
        begin("reading weights")
        packed = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
        begin("reading tokenizer")
        tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
        begin("copying weights")
        config = packed.config
        # The weights are plain now; with this left in, a load would look for the GGUF again.
        del config.quantization_config
        config._name_or_path = target.name
        plain = LlamaForCausalLM(config).to(torch.bfloat16)
        plain.load_state_dict(packed.state_dict())
        begin("saving")
        plain.save_pretrained(target)
        tokenizer.save_pretrained(target)
        begin("ready")
