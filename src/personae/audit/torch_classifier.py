"""A torch network with its scaler and its columns, asked as any scikit-learn classifier is.

A file of torch.export (.pt2) or of TorchScript (.pt) holds a network alone. Here it also holds, as `personae.json`, the columns
in their order, what is taken from each and what it is divided by, and the answers.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, MissingExtra

ENDINGS = (".pt2", ".pt")
ABOUT = "personae.json"


class TorchClassifier:
    """Ask a network for probabilities, on columns as they stand in a table.

    Parameters
    ----------
    module : callable
        Takes a float32 tensor of shape (n_rows, n_features), and returns log-odds of the second class, (n_rows,) or
        (n_rows, 1), or logits, (n_rows, n_classes).
    features : sequence of str
        Columns in the module's order, all of numbers.
    classes : sequence
        The answers that the outputs stand for.
    center, scale : array-like of shape (n_features,), optional
        The module sees (value - center) / scale; 0 and 1 without them. A fitted StandardScaler has `mean_` and `scale_`.

    Examples
    --------
    >>> found = TorchClassifier(lambda x: x[:, 0], features=["age"], classes=["no", "yes"], center=[40], scale=[10])
    >>> found.predict_proba([[40.0], [60.0]]).round(2).tolist(), found.predict([[20.0], [60.0]]).tolist()
    ([[0.5, 0.5], [0.12, 0.88]], ['no', 'yes'])
    """

    def __init__(
        self,
        module: Any,
        *,
        features: Sequence[str],
        classes: Sequence[Any] = (0, 1),
        center: ArrayLike | None = None,
        scale: ArrayLike | None = None,
    ) -> None:
        n = len(features)
        self.module = module
        self.feature_names_in_ = np.array([str(name) for name in features], dtype=object)
        self.classes_ = np.array(list(classes))
        self.center = np.zeros(n) if center is None else np.asarray(center, dtype=float)
        self.scale = np.ones(n) if scale is None else np.asarray(scale, dtype=float)
        if n < 1 or len(self.classes_) < 2 or self.center.shape != (n,) or self.scale.shape != (n,):
            raise BadInput(
                f"{n} features, {len(self.classes_)} classes, center {self.center.shape}, scale {self.scale.shape}: give a "
                "feature or more, two classes or more, and one center and one scale a feature."
            )
        if not (np.isfinite(self.center).all() and np.isfinite(self.scale).all() and (self.scale != 0).all()):
            raise BadInput("Centers must be finite numbers, and scales finite and not 0.")

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes).

        Raises
        ------
        BadInput
            When the rows have another number of columns.
        ValueError
            When a value is missing or no number; it comes before the network is asked.
        """
        import torch

        named = hasattr(rows, "columns")
        table = np.asarray(rows[list(self.feature_names_in_)] if named else rows, dtype=float)
        if table.ndim != 2 or table.shape[1] != len(self.center):
            raise BadInput(
                f"Rows of shape {table.shape} for a network of {len(self.center)} columns: give one each."
            )
        if not np.isfinite(table).all():
            raise ValueError("a value is missing or not finite")
        shown = torch.from_numpy(((table - self.center) / self.scale).astype(np.float32))
        with torch.no_grad():
            out = self.module(shown).double().reshape(len(table), -1)
        n_classes = len(self.classes_)
        if out.shape[1] == 1 and n_classes == 2:
            out = torch.cat([torch.zeros_like(out), out], dim=1)
        if out.shape[1] != n_classes:
            raise BadInput(
                f"The network gives {out.shape[1]} outputs a row for {n_classes} classes: give one logit a class, or one "
                "log-odds for two."
            )
        return np.asarray(torch.softmax(out, dim=1).numpy())

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the likeliest class of each row."""
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])

    def save(self, path: Path) -> None:
        """Write network, scaler, columns and answers to one .pt2 file, whole or not at all."""
        import torch

        if path.suffix != ENDINGS[0]:
            raise BadInput(f"{path.name}: a torch classifier's file ends in {ENDINGS[0]}.")
        about = {
            "features": self.feature_names_in_.tolist(), "classes": self.classes_.tolist(),
            "center": self.center.tolist(), "scale": self.scale.tolist(),
        }  # fmt: skip
        shown = (torch.zeros(2, len(self.center)),)
        program = torch.export.export(self.module, shown, dynamic_shapes=({0: torch.export.Dim.AUTO},))
        part = path.with_name(f".{path.stem}.part{path.suffix}")
        try:
            torch.export.save(program, part, extra_files={ABOUT: json.dumps(about)})
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> TorchClassifier:
        """Read a file that `save` wrote, or TorchScript saved with the same `personae.json` among its extra files.

        Raises
        ------
        BadInput
            When it cannot be read, or does not say its columns and answers.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtra("Loading a torch model needs torch: pip install 'personae[torch]'.") from None
        if not path.is_file():
            raise BadInput(f"{path.name}: no such file.")
        found: dict[str, Any] = {ABOUT: ""}
        try:
            with _silent():
                if path.suffix == ENDINGS[0]:
                    module = torch.export.load(path, extra_files=found).module()
                else:
                    module = torch.jit.load(str(path), map_location="cpu", _extra_files=found).eval()  # type: ignore[no-untyped-call]
        except Exception as error:
            raise BadInput(
                f"{path.name}: cannot be loaded ({type(error).__name__}). Save it with TorchClassifier(...).save(path); a "
                "state_dict alone is no model."
            ) from error
        if not found[ABOUT]:
            raise BadInput(
                f"{path.name}: does not say which columns the network takes: save it with "
                "TorchClassifier(module, features=..., classes=..., center=..., scale=...).save(path)."
            )
        about = json.loads(found[ABOUT])
        missing = [name for name in ("features", "classes") if name not in about]
        if missing:
            raise BadInput(f"{path.name}: its {ABOUT} lacks {' and '.join(missing)}.")
        return cls(module, features=about["features"], classes=about["classes"], center=about.get("center"),
                   scale=about.get("scale"))  # fmt: skip


@contextmanager
def _silent() -> Iterator[None]:
    """Keep torch from saying that TorchScript is deprecated, and from printing what it raises."""
    log = logging.getLogger("torch.export")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
