"""A person's twin: the same person had the sensitive attribute been the other one, by abduction, action and prediction.

Source: Pearl (2009), "Causality", section 7.1; categories by the Gumbel-max model of Oberst, Sontag (2019), "Counterfactual
Off-Policy Evaluation with Gumbel-Max Structural Causal Models", arXiv 1905.05824, section 3.
"""

from __future__ import annotations

from personae.audit.cdsae._net import Sizes, Tensor

_TINY = 1e-20


def keep_noise(x: Tensor, as_is: Tensor, as_other: Tensor, sizes: Sizes, lot: Tensor) -> Tensor:
    """Return the twins of people: what the decoder changes is changed, what it does not explain of a person is kept.

    Parameters
    ----------
    x : tensor of shape (..., n_columns)
        Numbers, then one-hot blocks; a block of zeros (a category not seen in training) stays so.
    as_is, as_other : tensor of shape (..., n_columns)
        Decoded with the person's own attribute and with the other: numbers and log probabilities.
    lot : tensor of shape (..., n_columns)
        Uniform in (0, 1).

    Notes
    -----
    Numbers: x' = x + D(U, 1 - a) - D(U, a). A category k = argmax(log p + g) with Gumbel noise g: the noise is drawn given k
    (the greatest sum is Gumbel(0), the others are Gumbel(log p_j) cut at it), and k' = argmax(log p' + g). So equal
    probabilities give the same category, always.
    """
    import torch

    n = sizes.n_numbers
    parts = [x[..., :n] + as_other[..., :n] - as_is[..., :n]]
    for start, width in _places(sizes):
        seen, log_p, other, u = (each[..., start : start + width] for each in (x, as_is, as_other, lot))
        noise = -(-(u.clamp_min(_TINY)).log().clamp_max(-1e-7)).log()
        top = (seen * noise).sum(-1, keepdim=True)
        below = -((-top).exp() + (-(noise + log_p)).exp()).log()
        kept = torch.where(seen > 0, top, below) - log_p
        picked = torch.nn.functional.one_hot((other + kept).argmax(-1), width).to(x.dtype)
        parts.append(picked * seen.sum(-1, keepdim=True))
    return torch.cat(parts, -1)


def likeliest(decoded: Tensor, sizes: Sizes) -> Tensor:
    """Return decoded people as people: numbers as they are, the likeliest category of each block."""
    import torch

    parts = [decoded[..., : sizes.n_numbers]]
    for start, width in _places(sizes):
        best = decoded[..., start : start + width].argmax(-1)
        parts.append(torch.nn.functional.one_hot(best, width).to(decoded.dtype))
    return torch.cat(parts, -1)


def _places(sizes: Sizes) -> list[tuple[int, int]]:
    starts, start = [], sizes.n_numbers
    for width in sizes.blocks:
        starts.append((start, width))
        start += width
    return starts
