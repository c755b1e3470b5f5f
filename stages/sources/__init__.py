"""Where raw labelled texts come from: one file per kind of source.

A kind's module has a `Source` dataclass (its entry in params.yaml) and
`load(source: Source) -> dict[str, Split]`, with at least the splits `train` and `test`.
"""
