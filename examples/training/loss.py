"""What the network is trained to make small."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

LABEL_SMOOTHING = 0.1
TEACHER_TEMPERATURE = 2.0


def loss(
    logits: Tensor, truth: Tensor, teacher: Tensor | None, weight: float
) -> Tensor:
    """Cross entropy with the truth, and with the teacher's softened opinion."""
    plain = functional.cross_entropy(logits, truth, label_smoothing=LABEL_SMOOTHING)
    if teacher is None:
        return plain
    t = TEACHER_TEMPERATURE
    target = functional.softmax(teacher / t, 1)
    own = functional.log_softmax(logits / t, 1)
    # t squared keeps the gradient's size (Hinton, Vinyals, Dean 2015, section 2).
    soft = functional.kl_div(own, target, reduction="batchmean") * t * t
    return (1 - weight) * plain + weight * soft
