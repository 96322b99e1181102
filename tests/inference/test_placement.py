"""What fits on a GPU, by figures alone. Nothing here was measured on one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.inference.backend import BackendUnavailable
from conversations.inference.model_shape import (
    LLAMA_31_8B,
    SMOLLM2_135M,
    Quantization,
    shape_from,
    shape_of,
)
from conversations.inference.placement import GIB, MIB, Device, Wanted, choose_device, place


def gpu(free_gib: float, index: int = 0, total_gib: float = 80.0) -> Device:
    return Device(index, "Test GPU", int(free_gib * GIB), int(total_gib * GIB))


def wanted(quantization: Quantization = "nf4", **changes: int) -> Wanted:
    figures = {"context": 2048, "step_tokens": 2048, **changes}
    return Wanted(model="llama", quantization=quantization, **figures)


def test_the_shapes_have_as_many_parameters_as_their_models() -> None:
    # The models' cards: 8.03 billion and 134.5 million (norms, which are left out, are few).
    assert LLAMA_31_8B.parameters == pytest.approx(8.03e9, rel=0.001)
    assert SMOLLM2_135M.parameters == pytest.approx(134.5e6, rel=0.001)
    assert LLAMA_31_8B.cache_bytes_per_token == 128 * 1024
    assert SMOLLM2_135M.cache_bytes_per_token == 23_040


def test_weights_take_what_their_quantization_says() -> None:
    assert LLAMA_31_8B.weight_bytes("none") == pytest.approx(16.06e9, rel=0.001)
    assert LLAMA_31_8B.weight_bytes("nf4") / GIB == pytest.approx(5.3, abs=0.1)
    assert LLAMA_31_8B.weight_bytes("int8") / GIB == pytest.approx(8.5, abs=0.1)
    assert SMOLLM2_135M.weight_bytes("none", device="cpu") == 4 * SMOLLM2_135M.parameters


def test_free_memory_decides_the_slots() -> None:
    small, large = (place(LLAMA_31_8B, wanted(), gpu(free)) for free in (12, 24))
    assert 8 < small.slots < large.slots
    assert place(LLAMA_31_8B, wanted(), gpu(80)).slots == 256
    assert place(LLAMA_31_8B, wanted(slots=3), gpu(80)).slots == 3
    assert "cuda:0, nf4" in small.line


def test_what_is_tight_gets_a_shorter_context_before_it_is_refused() -> None:
    need = LLAMA_31_8B.weight_bytes("nf4") / GIB
    tight = place(LLAMA_31_8B, wanted(context=8192, prefix_bytes=0), gpu((need + 1.9) / 0.9))
    assert tight.context < 8192
    assert tight.slots >= 1


def test_a_model_that_cannot_fit_is_refused_with_the_figures() -> None:
    with pytest.raises(BackendUnavailable) as refused:
        place(LLAMA_31_8B, wanted("none"), gpu(8, index=1, total_gib=8))
    said = refused.value.reason
    for part in ("llama in none does not fit", "cuda:1", "15.0 GiB weights", "8.0 GiB of 8.0 GiB",
                 "PORTAL_GPU_QUANTIZATION=nf4"):  # fmt: skip
        assert part in said


@given(
    st.floats(0.5, 200),
    st.sampled_from(["nf4", "int8", "none"]),
    st.sampled_from([0, 1, 8, 64]),
    st.sampled_from([512, 2048, 8192]),
    st.integers(0, 8192),
)
def test_what_is_placed_fits_whatever_is_free(
    free: float, quantization: Quantization, slots: int, context: int, prefix_mib: int
) -> None:
    ask = wanted(quantization, slots=slots, context=context, prefix_bytes=prefix_mib * MIB)
    try:
        placed = place(LLAMA_31_8B, ask, gpu(free, total_gib=200))
    except BackendUnavailable:
        return
    assert placed.total_bytes <= free * 0.9 * GIB + 1
    assert placed.slots >= max(1, slots)


def test_the_emptiest_device_is_taken_unless_one_is_named() -> None:
    devices = [gpu(10, 0), gpu(70, 1), gpu(70, 2)]
    assert choose_device(devices, "auto").index == 1
    assert choose_device(devices, "cuda:2").index == choose_device(devices, "2").index == 2
    with pytest.raises(BackendUnavailable, match=r"has 0 \(Test GPU\), 1"):
        choose_device(devices, "7")
    with pytest.raises(BackendUnavailable, match="needs a CUDA device"):
        choose_device([], "auto")


def test_a_config_gives_the_shape_and_says_what_it_lacks() -> None:
    config = {
        "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
        "num_attention_heads": 4, "vocab_size": 100,
    }  # fmt: skip
    assert shape_from(config).kv_heads == 4
    assert shape_from(config).head_dim == 16
    del config["vocab_size"]
    with pytest.raises(ValueError, match="vocab_size"):
        shape_from(config)
    assert shape_of("meta-llama/Llama-3.1-8B-Instruct") == LLAMA_31_8B
    assert shape_of("someone/elses") is None
