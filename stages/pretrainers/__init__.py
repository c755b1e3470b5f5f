"""What networks can start from: one file for each way, with a `Pretraining` dataclass (an entry of
`pretrainings` in params.yaml; its `corpus` has texts without labels) and `fit(config, splits, seed)`, which
returns weights by the names of the layers that they are for.
"""
