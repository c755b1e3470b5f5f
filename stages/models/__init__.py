"""Architectures: one file each, with a `Sizes` dataclass (the `model` of its recipes in params.yaml) and
`build(sizes, shape) -> keras.Model`, from int32[batch, time] ids to logits. One with a layer of its own also
has `layer()`, which makes the layer known to Keras.

Keras is imported inside functions, because params.yaml is checked with every `Sizes` at each start, and
importing TensorFlow takes seconds.
"""
