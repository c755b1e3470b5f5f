"""Architectures: one file each, with a `Sizes` dataclass (its entry in params.yaml) and
`build(sizes, shape) -> keras.Model`, from int32[batch, time] ids to logits.

Keras is imported inside `build`, because every stage checks all entries of `models` and importing
TensorFlow takes seconds.
"""
