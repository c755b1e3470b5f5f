"""Fitting a network: settings, batches, the history that is written down, checkpoints, what a model came
from."""
