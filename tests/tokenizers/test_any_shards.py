"""Vocabulary and ids do not depend on how a corpus is cut into blocks, nor on who works on them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, trainers

from stages import tokenize
from stages.artifacts.split import Split, save_split
from stages.runtime import crew, files, kinds
from stages.runtime.config import ROOT, InputError, read
from stages.runtime.crew import ALONE, Crew
from stages.tokenization import runs
from stages.tokenization.encoding import encode
from stages.tokenizers import word
from stages.tools.parallel import free_port
from tests.tokenizers.texts import ODD, SETTINGS, of_letters, sentences
from tests.tools.spread.machines import ending, until

PLAIN = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.sampled_from([*"aAbBß _-'\t", "ab", "ba", "Σ", "İ"]), max_size=12).map("".join),
    st.sampled_from([*ODD, *sentences(0, 5)]),
)
TEXTS = st.lists(PLAIN, max_size=10)
ENOUGH = {**SETTINGS, "ngrams": SETTINGS["ngrams"] | {"min_texts": 1}}


def configured(kind: str) -> Any:
    module = kinds.module("tokenizers", kind)
    return read(module.Config, {"kind": kind} | ENOUGH[kind], "corpora.mine.tokenizer")


def saved(kind: str, folder: Path, texts: list[str], working: Crew) -> tuple[Any, dict[str, bytes]]:
    """A fitted tokenizer on disk, and its files."""
    folder.mkdir()
    tokenizer = kinds.module("tokenizers", kind).fit(configured(kind), texts, working)
    made = tokenize.save(tokenizer, kind, folder)
    return made, {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", SETTINGS)
@settings(max_examples=25)
@given(data=st.data())
def test_files_and_ids_are_the_same_for_any_blocks(
    kind: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    texts, others, size = data.draw(TEXTS), data.draw(TEXTS), data.draw(st.integers(1, 60))
    with pytest.MonkeyPatch.context() as patched:
        whole, expected = saved(kind, folder / "whole", texts, ALONE)
        patched.setattr(runs, "RANGE", data.draw(st.integers(1, 9)))
        patched.setattr(runs, "SAMPLE", data.draw(st.integers(1, 3)))
        blocks, files_of_blocks = saved(kind, folder / "blocks", texts, Crew(block=size, place=folder))
    assert files_of_blocks == expected and blocks.identity == whole.identity
    tokenizer = kinds.module("tokenizers", kind).load(folder / "whole")
    rows = list(tokenizer.encode(others))
    with Crew(block=size, place=folder).folder() as spool:
        encoded = encode(blocks, others, Crew(block=size), spool)
        ids = b"".join(path.read_bytes() for path in encoded.files)
    assert ids == b"".join(row.tobytes() for row in rows)
    assert encoded.lengths.tolist() == [len(row) for row in rows]
    assert encoded.unknown.tolist() == [int(tokenizer.unknown(row).sum()) for row in rows]


@given(TEXTS, st.integers(3, 30))
def test_words_are_ranked_as_by_the_librarys_own_trainer(texts: list[str], vocabulary: int) -> None:
    counting = word._pipeline(models.WordLevel())
    trainer = trainers.WordLevelTrainer(vocab_size=vocabulary - 2, show_progress=False)
    counting.train_from_iterator(texts, trainer)
    theirs = sorted(counting.get_vocab(), key=counting.get_vocab().__getitem__)
    ours = word.fit(word.Config(kind="word", vocabulary=vocabulary), texts, Crew(block=9))
    assert [ours.decode([i]) for i in range(2, ours.vocabulary)] == theirs


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_text_that_is_none_is_refused_by_its_number_in_the_corpus(size: int) -> None:
    with pytest.raises(InputError, match=r"^text 17: half of a surrogate pair at character 2"):
        word.fit(configured("word"), ["abc"] * 16 + ["ab\ud800"] + ["abc"] * 9, Crew(block=size))


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 2**63 - 1) | st.integers(0, 5), st.integers(0, 3)), max_size=20)
    ),
    st.integers(1, 3),
    st.integers(1, 8),
    st.integers(1, 4),
)
def test_common_keys_are_those_of_a_count_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[list[tuple[int, int]]],
    least: int,
    span: int,
    sample: int,
) -> None:
    folder, texts = tmp_path_factory.mktemp("runs"), dict[int, set[tuple[int, int]]]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "RANGE", span)
        patched.setattr(runs, "SAMPLE", sample)
        paths, samples = [], []
        for number, block in enumerate(blocks):
            ordered = sorted(block, key=lambda pair: pair[1])
            for key, row in ordered:
                texts.setdefault(key, set()).add((number, row))
            keys, rows = (np.array([pair[i] for pair in ordered], dtype=np.int64) for i in (0, 1))
            paths.append(folder / f"{number}")
            samples.append(runs.write_run(paths[-1], keys, rows))
        common = runs.common(ALONE, paths, samples, least)
    assert common.tolist() == sorted(key for key, where in texts.items() if len(where) >= least)


# --- processes


def source(root: Path, texts: list[str]) -> None:
    folder = root / "data" / "sources" / "mine"
    folder.mkdir(parents=True)
    for split, some in (("train", texts), ("test", texts[:99])):
        labels = np.arange(len(some), dtype=np.int16) % 2
        save_split(folder / f"{split}.parquet", Split(some, labels, ["no", "yes"]))
    files.write_json(folder / "labels.json", ["no", "yes"])


def outs(root: Path, kind: str) -> dict[str, bytes]:
    """All files that the stage makes, by their paths."""
    entry = {"source": "mine", "tokenizer": {"kind": kind} | SETTINGS[kind]}
    tokenize.main("words", {"corpora": {"words": entry}})
    paths = [*(root / "data" / "tokens" / "words").rglob("*"), *(root / "reports").rglob("*.json")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tokenize, "ROOT", tmp_path)
    source(tmp_path, [*sentences(5, 400), *of_letters(6), *ODD])
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", SETTINGS)
def test_the_stage_makes_the_same_bytes_with_one_two_and_three_processes(
    root: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outs(root, kind)
    assert len(expected) >= 4
    monkeypatch.setattr(crew, "BLOCK", 1500)
    for cores in (2, 3):
        monkeypatch.setattr(crew, "cores", lambda cores=cores: cores)
        assert outs(root, kind) == expected


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a Dask cluster of two processes."""
    if not importlib.util.find_spec("distributed"):
        pytest.skip("needs Dask: pip install seqstudy[cluster]")
    from distributed import LocalCluster

    options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster:
        yield str(cluster.scheduler_address)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["word", "ngrams", "subwords8k"])
def test_a_dask_cluster_makes_the_same_bytes(
    root: Path, kind: str, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outs(root, kind)
    monkeypatch.setitem(os.environ, crew.SCHEDULER, scheduler)
    monkeypatch.setattr(crew, "BLOCK", 1500)
    assert outs(root, kind) == expected


DASK = [str(Path(sys.executable).with_name("dask"))]
# in place of `dask`: an environment in which the project can't be imported
STRANGE = "import sys; sys.modules['stages'] = None; from distributed.cli.dask_{} import main; main()"


def stranger(kind: str) -> list[str]:
    return [sys.executable, "-c", STRANGE.format(kind)]


@contextmanager
def cluster(
    folder: Path, scheduler: list[str] | None = None, worker: list[str] | None = None, **variables: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A scheduler and a worker of two processes, as people start them, in a folder that is not the project's:
    the address and the process of the scheduler."""
    if not importlib.util.find_spec("distributed"):
        pytest.skip("needs Dask: pip install seqstudy[cluster]")
    contact = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    started: list[subprocess.Popen[bytes]] = []

    def start(*line: str) -> "subprocess.Popen[bytes]":
        with (folder / "log").open("ab") as log:
            started.append(
                subprocess.Popen(line, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        return started[-1]

    with ending(started):
        first = start(
            *(scheduler or [*DASK, "scheduler"]),
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(contact)),
        )
        until(lambda: contact.exists() or first.poll() is not None)
        address: str = json.loads(contact.read_text(encoding="utf-8"))["address"]
        start(
            *(worker or [*DASK, "worker", "--nworkers", "2"]),
            *(address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)),
        )
        yield address, first


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["word", "ngrams"])
def test_workers_that_were_started_elsewhere_make_the_same_bytes(
    root: Path, kind: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outs(root, kind)
    monkeypatch.setattr(crew, "BLOCK", 1500)
    with cluster(elsewhere) as (address, _):
        monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
        assert outs(root, kind) == expected


@pytest.mark.slow
@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_a_cluster_that_does_not_find_the_project_is_told_in_one_line(
    root: Path, who: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = stranger(who) if who == "scheduler" else [*stranger(who), "--no-nanny"]
    with cluster(elsewhere, **{who: line}) as (address, _):  # type: ignore[arg-type]
        monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
        with pytest.raises(InputError, match=rf"^[^\n]*found {address}, where this project[^\n]+$") as error:
            outs(root, "word")
    assert f"PYTHONPATH={ROOT}" in str(error.value)


@pytest.mark.slow
def test_workers_of_other_code_packages_or_folders_are_refused(
    root: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their blocks would come out otherwise, and be taken for this commit's."""
    other = tmp_path / "other"
    shutil.copytree(ROOT / "stages", other / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    one = [*DASK, "worker"]  # a second might come, and import the code, after it has changed
    with cluster(elsewhere, worker=one, PYTHONPATH=str(other)) as (address, _):
        monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
        with crew.crew(root, 1) as working:  # the same code, of another checkout
            assert [*working.map(abs, [-1])] == [1]
        with (other / "stages" / "tokenizers" / "word.py").open("a") as file:
            file.write("\n# as `git pull` might\n")
        with crew.crew(root, 1) as working:  # imported before
            assert [*working.map(abs, [-1])] == [1]
        for name, value, line in (
            ("LIBRARIES", (), r"have Python [\d.]+, numpy \S+, tokenizers \S+ \(here Python [\d.]+\); start"),
            ("LOADED", "changed here since", "run other code than .*; start them anew"),
            ("Crew.folder", lambda self: nullcontext(Path("/nowhere")), f"do not see {root}; start them"),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(f"stages.runtime.crew.{name}", value)
                with pytest.raises(InputError, match=f"found {address}, whose workers {line}"):
                    refused(root)


def refused(root: Path) -> None:
    with crew.crew(root, 1):
        pass


@pytest.mark.slow
def test_workers_that_are_lost_are_told_in_one_line(
    root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster(elsewhere, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as (address, _):
        monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
        with (
            pytest.raises(
                InputError, match=rf"found {address}, which lost 1 of its workers at one block, often"
            ),
            crew.crew(root, 1) as working,
        ):
            [*working.map(os._exit, [1])]


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_told_in_one_line(
    root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "PATIENCE", 5.0)
    with cluster(elsewhere) as (address, scheduler):
        monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
        with (
            pytest.raises(InputError, match=rf"found {address}, which is lost; start it anew"),
            crew.crew(root, 1) as working,
        ):
            threading.Timer(2, scheduler.kill).start()
            [*working.map(time.sleep, [600])]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{}", "nowhere"])
def test_a_scheduler_that_does_not_answer_is_told_in_one_line(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    address = address.format(free_port())
    monkeypatch.setitem(os.environ, crew.SCHEDULER, address)
    monkeypatch.setattr(crew, "PATIENCE", 1.0)
    with (
        pytest.raises(InputError, match=rf"^SEQSTUDY_SCHEDULER: found {address}, where no scheduler answers"),
        crew.crew(tmp_path, 1),
    ):
        pass
