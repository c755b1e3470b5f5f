"""The pipeline: one module per stage, each run as `python -m stages.<verb> <name>`."""
