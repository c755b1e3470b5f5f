"""What stands between the stages, a file for each form: texts, token ids, padded ids, a training's history, a
model's certificate. And the cuts and paddings that lead from one to the next."""
