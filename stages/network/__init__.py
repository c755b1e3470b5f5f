"""What networks are put together from, trained with and saved as: Keras, set up; blocks, sizes, fast
recurrent layers; batches, `fit`, checkpoints."""
