"""The limit that everything else is held against: the device's rate of plain matrix products."""

from __future__ import annotations

import statistics

import torch

from precision import choose_float32_products, tensor_type
from timing import durations

GPU_SIDE = 8192
CPU_SIDE = 1024


def measure_matrix_rate(
    precision: str, device: torch.device, repetitions: int, warm_up: int
) -> dict[str, float | int]:
    """Tera-operations per second of a square product; a multiply-add counts two.

    On random data: a GPU draws less power, and so runs faster, on zeros.
    """
    choose_float32_products(precision)
    side = GPU_SIDE if device.type == "cuda" else CPU_SIDE
    generator = torch.Generator(device).manual_seed(0)
    dtype = tensor_type(precision)
    left, right = (
        torch.randn(side, side, device=device, generator=generator).to(dtype) for _ in range(2)
    )
    product = torch.empty_like(left)
    for _ in range(warm_up):
        torch.mm(left, right, out=product)
    seconds = durations(lambda _: torch.mm(left, right, out=product), repetitions, device)
    operations = 2 * side**3 / 1e12
    return {
        "matrixTeraflops": operations / statistics.median(seconds),
        "bestMatrixTeraflops": operations / min(seconds),
        "matrixSide": side,
        "repetitions": repetitions,
    }
