"""What architectures are put together from: Keras, set up; blocks, sizes, fast recurrent layers; saved
models."""
