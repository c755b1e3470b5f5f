"""The pipeline: a file is a stage, run as `python -m stages.<verb> <name>`; a folder is a room."""

from stages.runtime import process

process.end_with_parent()  # first of all: importing TensorFlow takes seconds
