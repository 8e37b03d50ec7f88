"""BertAdam as published: a Python loop over the parameters, a handful of kernels for each."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class BertAdam(torch.optim.Optimizer):
    """Adam without bias correction, with decay of every parameter and a linear schedule.

    The loop is the point of it: with several hundred parameters it launches some thousand small
    kernels a step. Parameters without a gradient are skipped, and so are not decayed.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        total_steps: int,
        warm_up: float = 0.1,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-6,
        decay: float = 0.01,
    ) -> None:
        super().__init__(
            parameters,
            {
                "learning_rate": learning_rate,
                "total_steps": total_steps,
                "warm_up": warm_up,
                "betas": betas,
                "epsilon": epsilon,
                "decay": decay,
            },
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = 0
                    state["mean"] = torch.zeros_like(parameter)
                    state["square"] = torch.zeros_like(parameter)
                gradient, mean, square = parameter.grad, state["mean"], state["square"]
                mean.mul_(first).add_(gradient, alpha=1 - first)
                square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
                update = mean / (square.sqrt() + group["epsilon"])
                update += group["decay"] * parameter
                rate = group["learning_rate"] * schedule(
                    state["step"] / group["total_steps"], group["warm_up"]
                )
                parameter.add_(-rate * update)
                state["step"] += 1


def schedule(progress: float, warm_up: float) -> float:
    """Up to 1 while warming up, then down to 0 at the end of training."""
    if progress < warm_up:
        return progress / warm_up
    return max((progress - 1) / (warm_up - 1), 0.0)
