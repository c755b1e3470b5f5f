"""One stage, in the clone of a worker (stages/tools/spread/worker.py), which starts this; it is not for
people.

Example: python -m stages.tools.spread.one_stage <file with the job> <file for the answer>
"""

import pickle
from pathlib import Path
from typing import Any

from stages.runtime import command, files, process
from stages.runtime.config import ROOT
from stages.runtime.machine import processor
from stages.tools.spread import through_dvc


def main() -> None:
    parser = command.parser()
    parser.add_argument("job", type=Path)
    parser.add_argument("answer", type=Path)
    options = parser.parse_args()
    request = pickle.loads(options.job.read_bytes())
    process.end_with(request["parent"])
    answer = pickle.dumps(done(request))
    with files.replacing(options.answer) as draft:
        draft.write_bytes(answer)


def done(request: dict[str, Any]) -> dict[str, Any]:
    """Run the stage; its `Result`, pickled, since a worker does not know the class, and on what it ran."""
    job = request["job"]
    name, kept = job["name"], job["kept"]
    known: dict[str, through_dvc.Result] = pickle.loads(job["known"])
    through_dvc.write_new(ROOT, known, kept)
    through_dvc.produce(ROOT, name, job["upstream"], request["cache"], request["remote"])
    result = through_dvc.results(ROOT, {name: kept[name]})[name]
    return {"result": pickle.dumps(result), "processor": processor()}


if __name__ == "__main__":
    command.guard(main)
