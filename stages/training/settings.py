"""How a model is trained: the `training` of a recipe in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.runtime.config import Count, Share, config, refusal


@config
class EarlyStopping:
    patience: Count  # epochs


@config
class HeldOut:
    fraction: Annotated[float, Field(gt=0, lt=1)]


@config
class Training:
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    weight_decay: Share | None = None  # times learning_rate, per step; None: the optimizer's own
    early_stopping: EarlyStopping | None
    validation: HeldOut | Literal["test"]

    def check(self, key: str, mend: str = "mend it") -> None:
        """Refuse to let the test split choose an epoch."""
        if self.validation == "test" and self.early_stopping:
            raise refusal(
                f"{key}.early_stopping",
                "patience",
                "null with `validation: test`, which may choose nothing",
                mend,
            )
