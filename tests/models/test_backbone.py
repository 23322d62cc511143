"""The encoder as layers: close to the one that ships, changed only by what is added, and read from the first token alone."""

import pytest

from personae.errors import BadInput
from personae.models.encoder import home_encoder

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from personae.models.backbone import Backbone, pooled  # noqa: E402

TEXTS = (
    "I mend bicycles in the morning.",
    "A much longer sentence about a boat, its captain, and the weather at sea.",
)


@pytest.fixture(scope="module")
def read():
    backbone = Backbone()
    tokens = backbone.tokens(TEXTS)
    return backbone, tokens, backbone.embed(tokens.ids)


def test_vectors_are_those_of_the_shipped_encoder_but_for_rounding(read):
    backbone, tokens, states = read
    vectors = pooled(backbone.layers(states, tokens.is_there), tokens.is_there)
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    assert ((vectors.numpy() * home_encoder().encode(TEXTS)).sum(axis=1) > 0.99).all()


def test_layers_in_two_goes_with_no_change_are_the_layers_at_once(read):
    backbone, tokens, states = read
    whole = backbone.layers(states, tokens.is_there)
    half = backbone.layers(states, tokens.is_there, last=3)
    none = backbone.layers(half, tokens.is_there, first=3, change=lambda layer, part, x: torch.zeros_like(x))
    assert torch.equal(whole, none)


def test_the_first_token_alone_comes_out_as_it_would_among_all(read):
    backbone, tokens, states = read

    def change(layer, part, x):
        return 0.1 * x if part == "value" else x.flip(-1)

    whole = backbone.layers(states, tokens.is_there, change=change)
    first = backbone.layers(states, tokens.is_there, change=change, n_out=1)
    assert first.shape == (2, 1, 384)
    torch.testing.assert_close(first, whole[:, :1])
    assert not torch.allclose(whole, backbone.layers(states, tokens.is_there))


def test_a_change_learns_and_layers_do_not(read):
    backbone, tokens, states = read
    weight = torch.zeros(384, 384, requires_grad=True)
    out = backbone.layers(states, tokens.is_there, first=5, change=lambda layer, part, x: x @ weight)
    out.square().sum().backward()
    assert weight.grad.abs().sum() > 0


def test_padding_does_not_change_a_text(read):
    backbone, tokens, states = read
    short = backbone.tokens(TEXTS[:1])
    alone = backbone.layers(backbone.embed(short.ids), short.is_there)
    beside = backbone.layers(states, tokens.is_there)[:1, : alone.shape[1]]
    torch.testing.assert_close(alone, beside, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("most", [1, 257])
def test_more_tokens_than_the_encoder_reads_are_refused(most):
    with pytest.raises(BadInput, match="2 to 256"):
        Backbone().tokens(TEXTS, most)
