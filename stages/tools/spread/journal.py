"""Results that came back, on disk before anything else: a driver that is killed loses none of them.

To write dvc.lock takes DVC seconds, and so each result has a file of its own first, in DVC's temporary
folder; all are put in their places at the end, or by the next run of the same commit. What another commit
made is left where it is: in dvc.lock it would take the place of what this one's stages made.
"""

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.runtime import files
from stages.tools.spread import through_dvc
from stages.tools.spread.through_dvc import Pipeline, Result

FOLDER = Path(".dvc", "tmp", "spread", "results")
PUT = "put"  # is there if all results are in their places
START = "start"  # what dvc.lock held when the first of the runs began that are not finished


class Journal:
    """commit: what the stages are of that are run."""

    def __init__(self, root: Path, commit: str) -> None:
        self.root, self.commit = root, commit
        self.folder = root / FOLDER / commit

    def left_aside(self) -> str | None:
        """A line about results of other commits that were never put in their places."""
        others = sorted(
            folder
            for folder in (self.root / FOLDER).glob("*")
            if folder != self.folder and any(folder.glob("*.result")) and not (folder / PUT).exists()
        )
        if not others:
            return None
        commits = ", ".join(folder.name[:12] for folder in others)
        return (
            f"note: results of a run of {commits} that was killed are left aside, as this is "
            f"{self.commit[:12]}; to go on with them, check that commit out, or delete "
            f"{' and '.join(str(folder.relative_to(self.root)) for folder in others)}"
        )

    def begin(self) -> None:
        """Remember what dvc.lock holds. What an unfinished run remembered stays, if nobody else went on."""
        now = through_dvc.locked(self.root)
        if not (self.folder / START).exists() or set(now) - set(self._read(START)) - set(self.results()):
            self.end()
            self._write(START, now)

    def add(self, name: str, result: Result) -> None:
        files.remove(self.folder / PUT)
        self._write(f"{name}.result", result)

    def results(self) -> dict[str, Result]:
        """Those of stages whose entry of dvc.lock nobody else has changed since."""
        if not (self.folder / START).exists():
            return {}
        before, now = self._read(START), through_dvc.locked(self.root)
        kept = {}
        for path in self.folder.glob("*.result"):
            result: Result = self._read(path.name)
            if now.get(path.stem) in (before.get(path.stem), result.entry):
                kept[path.stem] = result
        return kept

    def put(self, pipe: Pipeline) -> None:
        """Put all results into dvc.lock and the workspace. Entries are in the order in which one machine
        would have written them: new ones after those that were there at first, as `dvc repro` comes to
        them."""
        with through_dvc.writing(self.root):
            results = self.results()
            for name, result in results.items():
                through_dvc.write_kept(self.root, result, pipe.kept.get(name, result.kept))
            through_dvc.merge(self.root, results, self.order(pipe.upstream))
        if self.folder.exists():
            self._write(PUT, None)

    def order(self, names: Iterable[str]) -> list[str]:
        """Of the entries of dvc.lock. names: of stages, as `dvc repro` goes through them."""
        begun = (self.folder / START).exists()
        before: Mapping[str, object] = self._read(START) if begun else through_dvc.locked(self.root)
        return list(dict.fromkeys([*before, *names]))

    def end(self) -> None:
        """Forget everything that is in its place."""
        for folder in (self.folder, *(path.parent for path in (self.root / FOLDER).glob(f"*/{PUT}"))):
            files.remove(folder)

    def _write(self, name: str, value: object) -> None:
        with files.replacing(self.folder / name) as draft:
            draft.write_bytes(pickle.dumps(value))

    def _read(self, name: str) -> Any:
        return pickle.loads((self.folder / name).read_bytes())
