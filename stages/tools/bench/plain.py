"""A service as people write it first, to measure `serve` beside: FastAPI, one text a call of the model.

A linear model on n-grams runs on scikit-learn's CountVectorizer and `normalize`; a network as it is loaded.
"""

import threading
from collections.abc import Callable

import numpy as np

from stages.evaluation.inference import each
from stages.runtime.config import InputError
from stages.study.params import trained_recipes
from stages.tokenizers.ngrams import FIRST, WORD, Ngrams, plain
from stages.tools.answering.resident import Resident
from stages.tools.serve.__main__ import WARMING, bound
from stages.trainers.linear import Linear

Logits = Callable[[str], np.ndarray]


def serve(name: str) -> None:
    """Print the port, then serve the recipe's first model until a signal comes."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    model = Resident(name, trained_recipes())
    logits, alone = of_one(model), threading.Lock()
    for texts in WARMING:
        logits(texts[0])
    app = FastAPI()

    class Request(BaseModel):
        text: str

    @app.post("/predict")
    def predict(request: Request) -> dict[str, object]:
        with alone:
            [shares] = model.calibrated(logits(request.text))
        place = int(shares.argmax())
        return {"label": model.labels[place], "probability": float(shares[place])}

    listener = bound("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def of_one(model: Resident) -> Logits:
    """What gives the logits of a text, float32[1, outputs]."""
    [loaded] = each(model._folder, model._facts)
    if isinstance(loaded, Linear) and isinstance(model._tokenizer, Ngrams):
        return vectorized(model._tokenizer, loaded)
    return lambda text: model.logits([text])[0]


def vectorized(tokenizer: Ngrams, model: Linear) -> Logits:
    """The linear model by scikit-learn's vectorizer with the same vocabulary; n-grams of words only."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    if tokenizer.parts:
        raise InputError(
            "bench: found n-grams of characters, allowed: of words; CountVectorizer has one kind"
        )
    names = [tokenizer.name(number) for number in range(FIRST, tokenizer.vocabulary)]
    vectorizer = CountVectorizer(
        preprocessor=plain,
        token_pattern=WORD.pattern,
        ngram_range=(1, 1 + len(tokenizer._tables)),
        vocabulary=names,
        binary=tokenizer._binary,
        dtype=np.float32,
    )
    scale, weights = model.scale[None, FIRST:], model.weights[FIRST:]

    def logits(text: str) -> np.ndarray:
        features = normalize(vectorizer.transform([text]).multiply(scale).tocsr())
        outputs: np.ndarray = features @ weights + model.bias
        return outputs

    return logits
