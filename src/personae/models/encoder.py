"""Texts to unit vectors: the encoder that ships with the package, and a cache that encodes each text once.

Source: Reimers, Gurevych (2019), "Sentence-BERT", arXiv 1908.10084, mean pooling; the weights are all-MiniLM-L6-v2
(Apache-2.0), quantised to int8 by `training/export_encoder.py`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384
STATES = 160_000_000  # bytes of token states that a cache keeps; a text of fifty tokens has 75 kB
MAX_TOKENS = 256  # all-MiniLM-L6-v2, max_seq_length
HOME = Path(__file__).parent / "home"
WEIGHTS = (HOME / "encoder.onnx", HOME / "tokenizer.json")


class Encoder(Protocol):
    """Texts in, unit vectors out."""

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, n_dimensions), unit length; an empty text gives a zero vector."""


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The tokens of one text, special tokens left out.

    `states` has shape (n_tokens, 384); the text's vector is their mean with the two special tokens' states, at unit
    length, so that any linear score of the vector is a sum over tokens. `scale` is 1 / (n_all_tokens * length of the mean).
    """

    offsets: tuple[tuple[int, int], ...]
    states: NDArray[np.float32]
    scale: float


Run = tuple[list[tuple[int, int]], list[NDArray[np.float32]]]


class HomeEncoder:
    """The int8 sentence encoder that ships with the package: onnxruntime and `tokenizers`, no torch, no network.

    Parameters
    ----------
    threads : int or None
        Texts encoded at the same time; None takes every core this process may use.

    Notes
    -----
    Texts are not batched: activations are quantised over what is run together, so a text's vector would depend on its
    neighbours (cosine down to .96). One text a run gives the same vector always, and wastes nothing on padding.
    A text longer than 256 tokens is cut there, as the published model does; split long texts before encoding them.
    """

    name = "all-MiniLM-L6-v2-int8"

    def __init__(self, *, threads: int | None = None) -> None:
        self.threads = threads
        self._loaded: tuple[Any, Any] | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, 384), unit length; an empty text gives a zero vector."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for i, (_, (vector,)) in self._runs(texts, "vectors"):
            vectors[i] = vector
        return vectors

    def encode_with_states(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.float32], list[TokenStates | None]]:
        """Return the vectors and, in the same run, each text's token states; None for an empty text."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        states: list[TokenStates | None] = [None] * len(texts)
        for i, (offsets, (vector, tokens)) in self._runs(texts, "vectors", "tokens"):
            vectors[i], states[i] = vector, _token_states(offsets, tokens)
        return vectors, states

    def token_states(self, text: str) -> TokenStates:
        """Return the last hidden states of one text's tokens, for attribution to words."""
        offsets, (tokens,) = self._run(text, "tokens")
        return _token_states(offsets, tokens)

    def _runs(self, texts: Sequence[str], *outputs: str) -> Iterator[tuple[int, Run]]:
        """Yield each text's place and what `_run` returns, but for empty texts."""
        filled = [i for i, text in enumerate(texts) if text.strip()]
        threads = min(self.threads or len(os.sched_getaffinity(0)), len(filled))
        if threads <= 1:
            yield from ((i, self._run(texts[i], *outputs)) for i in filled)
            return
        self._load()
        with ThreadPoolExecutor(threads) as pool:
            yield from zip(filled, pool.map(lambda i: self._run(texts[i], *outputs), filled), strict=True)

    def _run(self, text: str, *outputs: str) -> Run:
        """Return the tokens' places in the text, and the named outputs of the network, without its axis of texts."""
        session, tokenizer = self._load()
        tokens = tokenizer.encode(_plain(text))
        ids = np.array([tokens.ids])
        found = session.run(list(outputs), {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return tokens.offsets, [each[0] for each in found]

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import onnxruntime
            from tokenizers import Tokenizer

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(WEIGHTS[0], options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(WEIGHTS[1]))
            tokenizer.enable_truncation(MAX_TOKENS)
            tokenizer.no_padding()
            self._loaded = session, tokenizer
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None}


class CachedEncoder:
    """An encoder that remembers: identical texts are encoded once, the oldest of `size` vectors are let go.

    Safe to call from several threads.

    Parameters
    ----------
    encoder : Encoder
    size : int
        Vectors kept; 50,000 vectors of 384 floats take 77 MB. Of the latest texts the token states are kept too, `STATES` bytes.
    """

    def __init__(self, encoder: Encoder, *, size: int = 50_000) -> None:
        self.encoder = encoder
        self.size = size
        self.name = encoder.name
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._states: OrderedDict[bytes, TokenStates] = OrderedDict()
        self._bytes = 0  # of the states
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of shape (n_texts, n_dimensions), as the encoder behind gives them."""
        keys = [text_key(text) for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = dict(zip(missing, self._encoded(missing), strict=True))
            found.update(fresh)
            self._keep(fresh)
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def token_states(self, text: str) -> TokenStates | None:
        """Return the token states of a text, None where the encoder behind gives none."""
        read = getattr(self.encoder, "token_states", None)
        if read is None:
            return None
        key = text_key(text)
        with self._lock:
            found = self._states.get(key)
        if found is None:
            found = read(text)
            self._keep_states({key: found})
        return found

    def _encoded(self, missing: dict[bytes, str]) -> NDArray[np.float32]:
        """Return vectors from behind, with the token states where they come in the same run."""
        read = getattr(self.encoder, "encode_with_states", None)
        if read is None:
            return self.encoder.encode(list(missing.values()))
        vectors, states = read(list(missing.values()))
        self._keep_states({key: each for key, each in zip(missing, states, strict=True) if each is not None})
        return np.asarray(vectors)

    def _keep_states(self, fresh: dict[bytes, TokenStates]) -> None:
        with self._lock:
            for key, states in fresh.items():
                if key not in self._states:
                    self._states[key] = states
                    self._bytes += states.states.nbytes
            while self._bytes > STATES:
                self._bytes -= self._states.popitem(last=False)[1].states.nbytes

    def _keep(self, fresh: dict[bytes, NDArray[np.float32]]) -> None:
        with self._lock:
            self._kept.update(fresh)
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"encoder": self.encoder, "size": self.size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["encoder"], size=state["size"])  # type: ignore[misc]


@lru_cache(maxsize=1)
def home_encoder() -> HomeEncoder:
    """Return the encoder that ships with the package, loaded on first use.

    Examples
    --------
    >>> a, b, c = home_encoder().encode(["I walk my dog", "My dog needs a walk", "Tax law is dull"])
    >>> bool(a @ b > 0.7 > 0.3 > a @ c)
    True
    """
    return HomeEncoder()


def _token_states(offsets: list[tuple[int, int]], states: NDArray[np.float32]) -> TokenStates:
    scale = 1.0 / (len(states) * max(float(np.linalg.norm(states.mean(0))), 1e-12))
    return TokenStates(tuple(offsets[1:-1]), states[1:-1], scale)


def text_key(text: str) -> bytes:
    """Return the 16 bytes that stand for a text where its vector is remembered."""
    return hashlib.blake2b(_plain(text).encode(), digest_size=16).digest()


def _plain(text: str) -> str:
    """Return the text without lone surrogates, which no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
