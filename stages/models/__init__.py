"""Architectures: one file each, with a `Sizes` dataclass (the `model` of its recipes in params.yaml) and

- for a network `build(sizes, shape) -> keras.Model`, from int32[batch, time] ids to logits; one with a layer
  of its own also has `layer()`, which makes the layer known to Keras, and one that starts from more than
  random numbers `adapt(model, train)`;
- for a linear model `estimator(sizes, seed)`, scikit-learn's, and `weights(fitted)`.

One that is `UNORDERED` may read a corpus whose tokens have no order.

Keras is imported inside functions, because params.yaml is checked with every `Sizes` at each start, and
importing TensorFlow takes seconds.
"""
