"""From texts to integer ids: one file per kind of tokenizer.

A kind's module has a `Config` dataclass (the corpus's `tokenizer` in params.yaml),
`fit(config, texts) -> Tokenizer` and `load(folder) -> Tokenizer`, for the `Tokenizer` of
stages/tokenization/interface.py. No tokenizer ever gives id 0, which is padding.
"""
