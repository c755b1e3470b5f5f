"""How models are trained: one file for each way, with a `Training` dataclass (the `training` of its recipes
in params.yaml; the stage reads its `validation` and `epochs`), and

- `load(folder)`: a split as its models take it: `labels`, `names`, `tokens`, `tokenizer`, `pad`, `take()`;
- `prepare(sizes)`: sets the process up, and says what results then depend on;
- `fit(task)`: trains a model for one seed and saves it (stages/artifacts/task.py).

Keras is imported inside functions, as in stages/models.
"""
