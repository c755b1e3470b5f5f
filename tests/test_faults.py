"""What users, machines and networks do to a running pipeline: killed, twice at once, no space, damaged files.

`make faults` runs all of it on the real pipeline (a small demo), `make test` only what is quick.
"""

import contextlib
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.project import SMALL, Project, small_demo

TRIALS = 56  # interruptions: every stage seven times
STAGES = [
    "download@demo",
    "tokenize@demo-words",
    "pad@demo-words",
    "train@demo-lstm",
    "evaluate@demo-lstm",
    "gather@demo_demo-lstm",
    "compare@demo",
    "summary",
]
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]


class Victim(Project):
    """A project that has run, and what it then looks like."""

    def outs(self) -> dict[str, str]:
        """Path -> hash of everything that the stages made, as dvc.lock tells it; timings aside."""
        lock = yaml.safe_load((self.root / "dvc.lock").read_text(encoding="utf-8"))
        made = [out for stage in lock["stages"].values() for out in stage["outs"]]
        return {out["path"]: out["md5"] for out in made if "timings" not in out["path"]}

    def start(self, *arguments: str, shell: str = "/bin/sh") -> subprocess.Popen[str]:
        """DVC in a process group of its own, as a terminal would start it."""
        return subprocess.Popen(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=self.root,
            env=self.environment | {"SHELL": shell},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def stage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A stage run by hand."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def stages_running(self) -> list[int]:
        """The processes of stages that work in this project."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may have ended
                working = (process / "cwd").readlink() == self.root
                if working and b"stages." in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def again(self, stage: str) -> str:
        """Run a stage, which DVC would else restore from its cache, and then what is left to do."""
        shown = self.dvc("repro", "--force", "--single-item", stage)
        self.dvc("repro", "--quiet")
        return shown


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Victim:
    return small_demo(Victim, tmp_path_factory.mktemp("fäults 故障"))


@pytest.fixture(scope="module")
def whole(victim: Victim) -> dict[str, str]:
    """What an uninterrupted run makes."""
    return victim.outs()


@pytest.fixture(scope="module")
def durations(victim: Victim) -> dict[str, float]:
    """Seconds that `dvc repro` takes for each stage."""
    found = {}
    for stage in STAGES:
        began = time.monotonic()
        victim.dvc("repro", "--quiet", "--force", "--single-item", stage)
        found[stage] = time.monotonic() - began
    return found


@pytest.mark.faults
@pytest.mark.parametrize("trial", range(TRIALS))
def test_an_interrupted_run_leaves_nothing_half_and_the_next_one_ends_the_same(
    victim: Victim, whole: dict[str, str], durations: dict[str, float], trial: int
) -> None:
    chance = random.Random(trial)
    stage, sent = STAGES[trial % len(STAGES)], SIGNALS[trial // len(STAGES) % len(SIGNALS)]
    shell = ["/bin/sh", "/bin/bash"][trial % 2]  # of which the first does not make way for its last command
    running = victim.start("repro", "--force", "--single-item", stage, shell=shell)
    time.sleep(chance.uniform(0.0, durations[stage]))
    hit = victim.stages_running() if chance.random() < 0.5 else []
    for process in hit or [running.pid]:
        with contextlib.suppress(ProcessLookupError):
            if sent == signal.SIGINT:
                os.killpg(running.pid, sent)  # Ctrl-C reaches DVC and the stage
            else:
                os.kill(process, sent)
    running.communicate(timeout=60)
    deadline = time.monotonic() + 3
    while victim.stages_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not victim.stages_running(), "a stage outlived its DVC"
    mended = "MENDED" in victim.run("bash", "-c", MEND)
    if trial // len(STAGES) % 2:  # else what is left is found to be whole, or brought back from the cache
        victim.again(stage)
    else:
        victim.dvc("repro", "--quiet")
    target = "the stage" if hit else "dvc"
    print(f"trial {trial}: {stage}, {sent.name} to {target}, a file of DVC's torn: {mended}")
    assert victim.outs() == whole
    assert "up to date" in victim.dvc("status")


MEND = f"""
for _ in 1 2; do
    said=$('{sys.executable}' -m dvc status 2>&1) && break
    case "$said" in
        *rwlock*) rm .dvc/tmp/rwlock; echo MENDED ;;
        *dvc.lock*) git checkout --quiet dvc.lock; echo MENDED ;;
    esac
done
"""  # what README.md says of the two files that DVC writes in place


def kill_with_a_checkpoint(victim: Victim, *arguments: str) -> None:
    """Start DVC and kill it as soon as its training has finished an epoch."""
    running = victim.start("repro", *arguments)
    while not list((victim.root / ".checkpoints").glob("demo-lstm/*.npz")):
        assert running.poll() is None, "it ended without a checkpoint"
        time.sleep(0.002)
    running.kill()
    running.wait()


@pytest.mark.slow
def test_a_training_ends_with_its_dvc_and_then_goes_on_where_it_was(
    victim: Victim, whole: dict[str, str]
) -> None:
    kill_with_a_checkpoint(victim, "--force", "--single-item", "train@demo-lstm")
    time.sleep(0.5)
    left = victim.stages_running()
    shown = victim.again("train@demo-lstm")
    assert not left
    assert "demo-lstm, seed 42: goes on after epoch" in shown and "seed 42: epoch 1/2:" not in shown
    assert victim.outs() == whole
    assert not list((victim.root / ".checkpoints").iterdir())


@pytest.mark.slow
def test_a_changed_parameter_starts_afresh(victim: Victim) -> None:
    kill_with_a_checkpoint(victim, "--force", "--single-item", "train@demo-lstm")
    victim.compose(*SMALL, "trainings.demo.learning_rate=0.004")
    shown = victim.dvc("repro", "--force", "--single-item", "train@demo-lstm")
    victim.compose(*SMALL)
    victim.dvc("repro", "--quiet")
    assert "goes on" not in shown and "seed 42: epoch 1/2:" in shown


@pytest.mark.faults
@pytest.mark.parametrize("wait", [0.2, 1.0, 2.0, 4.0, 6.0])
def test_of_two_at_once_one_works_and_the_other_says_so(
    victim: Victim, whole: dict[str, str], wait: float
) -> None:
    running = [victim.start("repro", "--force", "train@demo-lstm")]
    time.sleep(wait)
    running.append(victim.start("repro", "--force", "train@demo-lstm"))
    shown = [process.communicate(timeout=120)[0] for process in running]
    failed = [text for process, text in zip(running, shown, strict=True) if process.returncode]
    victim.dvc("repro", "--quiet")
    assert len(failed) < 2
    for text in failed:
        assert len(re.findall("^ERROR: .*(busy|lock)", text, re.MULTILINE)) == 1
    assert victim.outs() == whole


@pytest.mark.slow
def test_a_stage_that_another_process_works_on_is_refused(victim: Victim) -> None:
    from filelock import FileLock

    before = (victim.root / "data" / "padded" / "demo-words" / "train.npz").read_bytes()
    with FileLock(victim.root / "data" / ".locks" / "pad@demo-words"):
        done = victim.stage("stages.pad", "demo-words")
    assert done.returncode == 1
    assert done.stderr.startswith("error: pad@demo-words: another process") and done.stderr.count("\n") == 1
    assert (victim.root / "data" / "padded" / "demo-words" / "train.npz").read_bytes() == before


def unshared(victim: Victim, script: str) -> str:
    """The output of a shell script that may mount things, where the system lets it."""
    alone = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("needs user namespaces, to mount a small file system")
    return victim.run(*alone, "bash", "-euc", script)


FULL = """
cp -a "{folder}" kept
mount -t tmpfs -o size={size}k tmpfs "{folder}"
cp -a kept/. "{folder}"
head -c 10M /dev/zero > "{folder}/filler" 2>/dev/null || true
hashes() {{ cd "{folder}"; find . -type f ! -name filler ! -name '*timings*' -exec sha256sum {{}} + | sort; }}
before=$(hashes)
{command} 2>&1 >/dev/null && exit 3
after=$(hashes)
test "$before" = "$after" || echo DAMAGED
rm "{folder}/filler"
{command} >/dev/null 2>&1
test -z "$before" || test "$before" = "$(hashes)" || echo DIFFERS
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("data/padded", "stages.pad demo-words"),
        (".checkpoints", "stages.train demo-lstm"),
        pytest.param("data/sources", "stages.download demo", marks=pytest.mark.faults),
        pytest.param("data/tokens", "stages.tokenize demo-words", marks=pytest.mark.faults),
        pytest.param("data/models", "stages.train demo-lstm", marks=pytest.mark.faults),
        pytest.param("reports/history", "stages.train demo-lstm", marks=pytest.mark.faults),
        pytest.param("reports/metrics", "stages.evaluate demo-lstm", marks=pytest.mark.faults),
        pytest.param("data/gathered", "stages.gather demo_demo-lstm", marks=pytest.mark.faults),
        pytest.param("reports/comparisons/demo", "stages.compare demo", marks=pytest.mark.faults),
    ],
)
def test_a_full_disk_is_named_in_one_line_and_earlier_results_stay(
    victim: Victim, folder: str, command: str
) -> None:
    shutil.rmtree(victim.root / "kept", ignore_errors=True)
    (victim.root / folder).mkdir(exist_ok=True)
    shown = unshared(
        victim, FULL.format(folder=folder, size=2000, command=f"'{sys.executable}' -m {command}")
    )
    shutil.rmtree(victim.root / "kept")
    assert re.fullmatch(f"error: .*/{folder}/.*No space left on device; free some space.*\n", shown)


@pytest.mark.faults
@pytest.mark.parametrize("room", [50, 150, 300, 600, 900])
def test_dvc_on_a_full_disk_finishes_once_there_is_space(
    victim: Victim, whole: dict[str, str], tmp_path: Path, room: int
) -> None:
    script = f"""
        mount -t tmpfs -o size=100m tmpfs '{tmp_path}'
        cp -a . '{tmp_path}/copy'; cd '{tmp_path}/copy'
        rm -rf data .dvc/cache .dvc/tmp reports; mkdir .dvc/tmp
        mount -o remount,size=$(( $(du -sk '{tmp_path}' | cut -f1) + {room} ))k '{tmp_path}'
        '{sys.executable}' -m dvc repro --force && exit 3
        exec 2>/dev/null
        mount -o remount,size=200m '{tmp_path}'
        {MEND}
        '{sys.executable}' -m dvc repro --quiet
        echo FINISHED; cat dvc.lock; echo ...
    """
    after = unshared(victim, script).partition("FINISHED\n")[2]
    lock = yaml.safe_load(after.partition("\n...\n")[0])
    assert re.search("^(error|ERROR): ", after, re.MULTILINE)  # on standard error, which comes last
    made = [out for stage in lock["stages"].values() for out in stage["outs"]]
    assert {o["path"]: o["md5"] for o in made if "timings" not in o["path"]} == whole


@pytest.mark.slow
def test_a_read_only_checkout_is_refused_in_one_line(victim: Victim) -> None:
    mount = "mount --bind . . && mount -o remount,ro,bind . && cd ."
    python = f"'{sys.executable}' -m"
    stage = unshared(victim, f'{mount}; cd "$PWD"; {python} stages.pad demo-words 2>&1 || true')
    assert re.fullmatch("error: .*: Read-only file system; work in a copy of the repository.*\n", stage)
    whole = unshared(victim, f'{mount}; cd "$PWD"; {python} dvc repro 2>&1 || true')
    assert len(re.findall("^ERROR: .*Read-only file system", whole, re.MULTILINE)) == 1


@pytest.mark.slow
def test_without_its_data_folder_the_pipeline_makes_everything_again(
    victim: Victim, whole: dict[str, str]
) -> None:
    shutil.rmtree(victim.root / "data")
    victim.dvc("repro", "--quiet")
    assert victim.outs() == whole


DAMAGED = [
    "padded/demo-words/train.npz",
    "models/demo-lstm/seeds/42.keras",
    "tokens/demo-words/tokenizer.json",
]
MORE = ["tokens/demo-words/train.npz", "models/demo-lstm/training.json", "models/demo-lstm/certificate.json"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["altered", "cut short"])
@pytest.mark.parametrize("path", [*DAMAGED, *(pytest.param(path, marks=pytest.mark.faults) for path in MORE)])
def test_a_damaged_file_is_named_and_never_used(
    victim: Victim, whole: dict[str, str], path: str, how: str
) -> None:
    file = victim.root / "data" / path
    kept, state = file.read_bytes(), file.stat()
    half = len(kept) // 2
    rest = b"" if how == "cut short" else bytes([kept[half] ^ 0x80]) + kept[half + 1 :]
    file.write_bytes(kept[:half] + rest)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # so that DVC may not notice
    verb = {"tokens": "pad demo-words", "padded": "train demo-lstm"}.get(path.split("/")[0])
    if verb and path.endswith(".npz"):
        done = victim.stage(*f"stages.{verb}".split())
    else:
        done = victim.stage("stages.predict", "demo-lstm", "a dull plot")
    file.write_bytes(kept)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert Path(path).parent.name in done.stderr and "dvc repro" in done.stderr
    victim.dvc("repro", "--quiet")
    assert victim.outs() == whole


@pytest.mark.slow
def test_a_damaged_object_of_the_cache_is_not_used(victim: Victim, whole: dict[str, str]) -> None:
    folder = victim.root / "data" / "models" / "demo-lstm"
    digest = hashlib.md5((folder / "seeds" / "42.keras").read_bytes()).hexdigest()
    cached = victim.root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
    content = bytearray(cached.read_bytes())
    content[len(content) // 2] ^= 1
    cached.chmod(0o644)
    cached.write_bytes(content)
    shutil.rmtree(folder)
    victim.dvc("checkout")  # takes it as it is
    done = victim.stage("stages.predict", "demo-lstm", "a dull plot")
    assert done.returncode == 1 and "42.keras is missing or not the file that was trained" in done.stderr
    victim.dvc("repro", "--quiet")  # finds that it is another one, and trains again
    assert victim.outs() == whole
    assert victim.stage("stages.predict", "demo-lstm", "a dull plot").returncode == 0
