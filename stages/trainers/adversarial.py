"""Networks that are trained on the worst of what is near: each text once more, its embedded tokens moved a
little in the direction that raises the loss most (Goodfellow et al. 2015; Miyato et al. 2017). Virtual: in
the direction that changes the answer most, whatever the label. Else stages/trainers/transfer.py.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from stages.artifacts.task import Task, Trained
from stages.runtime.config import InputError, config
from stages.trainers import gradient_descent, transfer

if TYPE_CHECKING:
    import keras

load, prepare = transfer.load, transfer.prepare
FIRST = 0.1  # of the norm: how far a text is moved at random to see which way its answer changes


@config
class Training(transfer.Training):
    """norm: of the move, as a share of the norm of the text's embedded tokens, so that embeddings can't grow
    out of its reach. virtual: the answer counts, not the label.
    """

    kind: Literal["adversarial"]  # type: ignore[assignment]
    norm: Annotated[float, Field(gt=0, le=1)]
    virtual: bool = False

    def check(self, key: str, mend: str = "mend it") -> None:
        """As gradient descent: neither a teacher nor a start is needed."""
        gradient_descent.Training.check(self, key, mend)


def fit(task: Task) -> Trained:
    """Train a network, and save it as <path>.keras."""
    from stages.network import saving

    model = gradient_descent.build(task)
    if not any(layer.name == "embedding" for layer in model.layers):
        raise InputError(
            f"training.kind: found adversarial for {model.name}, which has no embedding to move, allowed: "
            "gradient_descent, transfer; name another training or model in conf/experiments"
        )
    transfer.begin(model, task.train.weights, task.training.start)
    learned = moved(model, task.training.norm, task.training.virtual)
    kept = transfer.descend(learned, task)
    model.set_weights(learned.get_weights())
    saving.save(model, task.path.with_name(f"{task.path.name}.keras"))
    return Trained(task.history.epochs, kept, model.count_params())


def moved(model: "keras.Model", norm: float, virtual: bool) -> "keras.Model":
    """A copy of the network whose loss in training is that of the texts as they are and as they are moved."""
    from stages.network.backend import keras

    copy = keras.models.clone_model(model)  # Keras can't save a network any more once a part is cut out of it
    copy.set_weights(model.get_weights())
    ops, table = keras.ops, copy.get_layer("embedding")
    rest = keras.Model([copy.input, table.output], copy.output)
    seeds = keras.random.SeedGenerator()

    class Moved(keras.Model):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(inputs=copy.input, outputs=copy.output)
            self.seeds = seeds  # so that checkpoints have their state

        def compute_loss(self, *given: Any, training: bool = True, **named: Any) -> Any:
            loss = super().compute_loss(*given, training=training, **named)
            if not training:
                return loss
            x, y = (named.get(name, each) for name, each in zip("xy", (*given, None, None), strict=False))
            still = ops.stop_gradient(table(x))
            there = ops.cast(ops.not_equal(x, 0), still.dtype)[..., None]
            reach = norm * length(still * there)
            answer = ops.stop_gradient(rest([x, still], training=False))

            def apart(embedded: Any, training: bool = False) -> Any:
                logits = rest([x, embedded], training=training)
                return divergence(answer, logits) if virtual else ops.mean(self.loss(y, logits))

            start = still
            if virtual:  # where the answer is the same, its divergence has no slope
                start = start + FIRST * reach * unit(
                    keras.random.normal(ops.shape(still), seed=seeds) * there
                )
            way = unit(ops.stop_gradient(gradient(apart, start)) * there)
            return loss + apart(table(x) + reach * way, training=True)

    return Moved()


def divergence(answer: Any, logits: Any) -> Any:
    """Kullback and Leibler's, of what is answered from logits: float32[batch, outputs] each -> float32[]."""
    from stages.network.backend import keras

    ops = keras.ops
    if logits.shape[-1] == 1:
        answer, logits = (ops.concatenate([ops.zeros_like(each), each], -1) for each in (answer, logits))
    right, other = ops.log_softmax(answer), ops.log_softmax(logits)
    return ops.mean(ops.sum(ops.exp(right) * (right - other), axis=-1))


def length(embedded: Any) -> Any:
    """The norm of each text's tokens together: float32[batch, time, features] -> float32[batch, 1, 1]."""
    from stages.network.backend import keras

    squares = keras.ops.sum(keras.ops.square(embedded), axis=(1, 2), keepdims=True)
    return keras.ops.sqrt(squares + keras.config.epsilon() ** 2)


def unit(embedded: Any) -> Any:
    return embedded / length(embedded)


def gradient(function: Any, at: Any) -> Any:
    """Of a number that a function makes of a tensor: Keras has no word of its own for it."""
    from stages.network.backend import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(at)
            value = function(at)
        return tape.gradient(value, at)
    if backend == "jax":
        import jax  # it is no requirement

        return jax.grad(function)(at)
    raise InputError(f"KERAS_BACKEND: found {backend}, allowed for adversarial training: tensorflow or jax")
