"""A trained recipe as an HTTP service.

POST /predict    {"text": "..."} or {"texts": ["...", ...]}, and "threshold" and "top" as those of predict;
                 in answers, "known" is false where nothing of a text was learned
POST /explain    {"text": "..."}: what each word adds to the label's logit
GET  /           a page to try it
GET  /docs       the routes, from /openapi.json
GET  /healthz    200, or 503 once it is about to stop
GET  /metrics    for Prometheus

The model is loaded once. Requests that arrive while it works are its next batch. On SIGTERM or Ctrl-C it
finishes what it has. It knows no passwords and no TLS: other machines should reach it through a proxy.

Example: python -m stages.tools.serve demo-logistic
         curl -H 'Content-Type: application/json' -d '{"text": "The plot is dull."}' http://127.0.0.1:8000/predict
"""

import socket
import sys
from dataclasses import fields

from stages.runtime import command
from stages.runtime.config import InputError
from stages.study.params import one_of, params
from stages.tools.answering.attribution import exactly_of
from stages.tools.answering.options import count, number, whole
from stages.tools.answering.resident import Resident, note_doubt
from stages.tools.serve.limits import Limits

HELP = {
    "body": ("BYTES", "the most of a request"),
    "texts": ("N", "the most of a request"),
    "characters": ("N", "the most of a text"),
    "words": ("N", "the most of a text that is explained"),
    "batch": ("N", "texts that the model takes at a time"),
    "room": ("N", "texts that may wait; for more the answer is 503"),
    "wait": ("MS", "milliseconds that a batch waits for more texts"),
    "timeout": ("S", "seconds until a request is given up: 504"),
    "grace": ("S", "seconds from a signal until no connection is taken"),
}
DAY = 86_400.0  # seconds; the most of any option in seconds or milliseconds
# TensorFlow makes a graph for the first shape of arrays, then others that take more and more shapes: seconds
# that no client should wait
WARMING = (["a"], ["a", "a"], ["a " * 99], ["a " * 99] * 3)


def main() -> None:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml that has been trained")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=whole(0, 65535), default=8000, help="0: any free one (default: %(default)s)"
    )
    for field in fields(Limits):
        unit, text = HELP[field.name]
        kind = count if field.type is int else number(0, DAY)
        help_text = f"{text} (default: %(default)s)"
        parser.add_argument(f"--{field.name}", type=kind, default=field.default, metavar=unit, help=help_text)
    options = parser.parse_args()
    if not options.timeout:
        raise InputError("--timeout: found 0, allowed: more than 0 seconds, as 10")
    try:
        from stages.tools.serve.app import application
        from stages.tools.serve.server import Server
    except ModuleNotFoundError as error:
        raise InputError(missing(error.name or "")) from None
    recipes = params()["recipes"]
    name = one_of(options.recipe, recipes, "recipes")
    with bound(options.host, options.port) as listener:
        print(f"loading {name}", file=sys.stderr, flush=True)
        model = Resident(name, recipes)
        note_doubt(name, model)
        exactly = exactly_of(name, recipes)
        for texts in WARMING:
            model.logits(texts)
        limits = Limits(**{field.name: getattr(options, field.name) for field in fields(Limits)})
        Server(lambda stopping: application(name, model, exactly, limits, stopping), limits).serve_on(
            listener
        )


def missing(package: str) -> str:
    """What to say where an optional package is not installed."""
    return (
        f"serve needs {package}, which is not installed; requirements.lock has it: make .venv/ready, "
        "or: pip install fastapi uvicorn prometheus-client"
    )


def bound(host: str, number: int) -> socket.socket:
    """A socket with that address, on which nobody can connect yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # though one has just ended there
        listener.bind(address)
    except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
        where = f"--host, --port: found {host} and {number}"
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{where} ({why}), allowed: an address of this machine and a free port") from None
    return listener


if __name__ == "__main__":
    command.guard(main)
