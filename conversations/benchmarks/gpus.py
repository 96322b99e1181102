"""What GPUs are sold as: figures of their vendors' data sheets, not measured by us.

Memory and bandwidth as printed (decimal); FLOPS are dense BF16 (FP16 on the T4) tensor figures,
half of those printed "with sparsity". Sources: NVIDIA's data sheets "H100 Tensor Core GPU", "H200
Tensor Core GPU", "A100 Tensor Core GPU", "L40S", "L4 Tensor Core GPU", "A10 Tensor Core GPU", "T4",
and the "Ada GPU Architecture" white paper (GeForce RTX 4090).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """`memory` in bytes, `bandwidth` in bytes a second, `flops` a second (dense, 16 bit)."""

    name: str
    memory: float
    bandwidth: float
    flops: float


GB, TERA = 1e9, 1e12
GPUS = (
    Gpu("H200 141GB", 141 * GB, 4_800 * GB, 989 * TERA),
    Gpu("H100 80GB", 80 * GB, 3_350 * GB, 989 * TERA),
    Gpu("H100 PCIe 80GB", 80 * GB, 2_000 * GB, 756 * TERA),
    Gpu("A100 80GB", 80 * GB, 2_039 * GB, 312 * TERA),
    Gpu("A100 40GB", 40 * GB, 1_555 * GB, 312 * TERA),
    Gpu("L40S 48GB", 48 * GB, 864 * GB, 362 * TERA),
    Gpu("L4 24GB", 24 * GB, 300 * GB, 121 * TERA),
    Gpu("A10 24GB", 24 * GB, 600 * GB, 125 * TERA),
    Gpu("T4 16GB", 16 * GB, 320 * GB, 65 * TERA),
    Gpu("RTX 4090 24GB", 24 * GB, 1_008 * GB, 165 * TERA),
)


def named(name: str) -> Gpu | None:
    """The GPU of a name, whatever its case and blanks; "H100" alone finds the first H100."""
    wanted = name.lower().replace(" ", "")
    for gpu in GPUS:
        if gpu.name.lower().replace(" ", "") == wanted:
            return gpu
    found = [gpu for gpu in GPUS if gpu.name.lower().rpartition(" ")[0].replace(" ", "") == wanted]
    return found[0] if found else None
