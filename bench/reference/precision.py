"""The format of the arithmetic: how each is asked of PyTorch."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")

HALF_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_float32_products(precision: str) -> None:
    """Says what products of float32 tensors may be rounded to.

    PyTorch lets convolutions use TF32 unless told otherwise, so float32 has to be asked for.
    """
    uses_tf32 = precision == "tf32"
    torch.set_float32_matmul_precision("high" if uses_tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = uses_tf32


def tensor_type(precision: str) -> torch.dtype:
    """The type of tensors that are meant for arithmetic in the precision."""
    return HALF_TYPES.get(precision, torch.float32)


def casting(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Autocast for the half formats, nothing for the others."""
    if precision not in HALF_TYPES:
        return nullcontext()
    return torch.autocast(device.type, dtype=HALF_TYPES[precision])


def gradient_scaler(precision: str, device: torch.device) -> torch.amp.GradScaler:
    """float16 needs one, since small gradients would vanish; for others it does nothing."""
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")
