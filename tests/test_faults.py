"""What users, machines and networks do to a running pipeline: killed, twice at once, no space, damaged files.

`make faults` runs all of it on the real pipeline (a small study), `make test` only what is quick.
"""

import contextlib
import copy
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

from stages.artifacts.padded import load_padded
from stages.artifacts.tokens import load_tokens
from stages.runtime.config import InputError, parse
from tests.project import Project, copied

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")]  # DVC's

TRIALS = 56  # interruptions: every stage seven times
STAGES = [
    *["download@own", "tokenize@words", "pad@words", "train@small-lstm", "evaluate@small-lstm"],
    *["compare@small", "samples@small-lstm", "summary"],
]
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
COMMITTED = 360  # stages of the committed study, whose dvc.lock takes so much longer to write
INVENTED = "other@"


def start(victim: Project, *arguments: str, shell: str = "/bin/sh") -> subprocess.Popen[str]:
    """DVC in a process group of its own, as a terminal would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=victim.root,
        env=victim.environment | {"SHELL": shell},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def stage(victim: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A stage run by hand."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=victim.root,
        env=victim.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def stages_running(victim: Project) -> list[int]:
    """The processes of stages that work in this project."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended
            working = (process / "cwd").readlink() == victim.root
            if working and b"stages." in (process / "cmdline").read_bytes():
                running.append(int(process.name))
    return running


def again(victim: Project, name: str) -> str:
    """Run a stage, which DVC would else restore from its cache, and then what is left to do."""
    output = victim.dvc("repro", "--force", "--single-item", name)
    victim.dvc("repro", "--quiet")
    return output


@pytest.fixture(scope="module")
def shared_victim(pipeline: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copied(pipeline, tmp_path_factory.mktemp("victim") / "fäults 故障")


@pytest.fixture
def victim(shared_victim: Project) -> Project:
    """A project with a dvc.lock as large as the committed study's: what a torn one lost is there again.

    The invented entries come first, so that DVC, which keeps their order, may be killed within either kind.
    """
    file = shared_victim.root / "dvc.lock"
    lock = yaml.safe_load(file.read_text(encoding="utf-8"))
    real = {name: entry for name, entry in lock["stages"].items() if not name.startswith(INVENTED)}
    entries = [entry for name, entry in real.items() if "@" in name and "outs" in entry]
    lock["stages"] = {}
    for i in range(COMMITTED - len(real)):
        lock["stages"][f"{INVENTED}{i}"] = entry = copy.deepcopy(entries[i % len(entries)])
        for out in entry["outs"]:
            out["path"] += f".{i}"
    lock["stages"] |= real
    file.write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
    return shared_victim


@pytest.fixture(scope="module")
def whole(pipeline: Project) -> dict[str, str]:
    """What an uninterrupted run makes."""
    return pipeline.outs


def made_by(victim: Project) -> dict[str, str]:
    """What it is in the victim. An invented stage whose entry was torn is not run again, so has no outs."""
    stages = parse(victim.root / "dvc.lock", "dvc.lock")["stages"]
    outs = [out for name, entry in stages.items() if not name.startswith(INVENTED) for out in entry["outs"]]
    return {out["path"]: out["md5"] for out in outs}


@pytest.fixture(scope="module")
def durations(shared_victim: Project) -> dict[str, float]:
    """Seconds that `dvc repro` takes for each stage."""
    seconds = {}
    for name in STAGES:
        began = time.monotonic()
        shared_victim.dvc("repro", "--quiet", "--force", "--single-item", name)
        seconds[name] = time.monotonic() - began
    return seconds


@pytest.mark.faults
@pytest.mark.parametrize("trial", range(TRIALS))
def test_an_interrupted_run_leaves_nothing_half_and_the_next_one_ends_the_same(
    victim: Project, whole: dict[str, str], durations: dict[str, float], trial: int
) -> None:
    chance = random.Random(trial)
    name, sent = STAGES[trial % len(STAGES)], SIGNALS[trial // len(STAGES) % len(SIGNALS)]
    shell = ["/bin/sh", "/bin/bash"][trial % 2]  # of which the first does not make way for its last command
    running = start(victim, "repro", "--force", "--single-item", name, shell=shell)
    time.sleep(chance.uniform(0.0, durations[name]))
    hit = stages_running(victim) if chance.random() < 0.5 else []
    for process in hit or [running.pid]:
        with contextlib.suppress(ProcessLookupError):
            if sent == signal.SIGINT:
                os.killpg(running.pid, sent)  # Ctrl-C reaches DVC and the stage
            else:
                os.kill(process, sent)
    running.communicate(timeout=60)
    deadline = time.monotonic() + 3
    while stages_running(victim) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not stages_running(victim), "a stage outlived its DVC"
    mended = "MENDED" in victim.run("bash", "-c", MEND)
    if trial // len(STAGES) % 2:  # else what is left is found to be whole, or brought back from the cache
        again(victim, name)
    else:
        victim.dvc("repro", "--quiet")
    target = "the stage" if hit else "dvc"
    print(f"trial {trial}: {name}, {sent.name} to {target}, a file of DVC's torn: {mended}")
    assert made_by(victim) == whole
    assert "up to date" in victim.dvc("status")


MEND = f"""
for _ in 1 2; do
    told=$('{sys.executable}' -m dvc status 2>&1) && break
    case "$told" in
        *rwlock*) rm .dvc/tmp/rwlock; echo MENDED ;;
        *dvc.lock*) rm dvc.lock; echo MENDED ;;
    esac
done
"""  # what README.md says of the two files that DVC writes in place


def kill_with_a_checkpoint(victim: Project, *arguments: str) -> None:
    """Start DVC and kill it as soon as its training has finished an epoch."""
    running = start(victim, "repro", *arguments)
    while not list((victim.root / ".checkpoints").glob("small-lstm/*.npz")):
        assert running.poll() is None, "it ended without a checkpoint"
        time.sleep(0.002)
    running.kill()
    running.wait()


@pytest.mark.faults
def test_a_killed_training_goes_on_where_it_was(victim: Project, whole: dict[str, str]) -> None:
    kill_with_a_checkpoint(victim, "--force", "--single-item", "train@small-lstm")
    time.sleep(0.5)
    left = stages_running(victim)
    output = again(victim, "train@small-lstm")
    assert not left
    assert "small-lstm, seed 42: goes on after epoch" in output and "seed 42: epoch 1/8:" not in output
    assert made_by(victim) == whole
    assert not list((victim.root / ".checkpoints").iterdir())


@pytest.mark.faults
def test_a_changed_parameter_starts_afresh(victim: Project) -> None:
    kill_with_a_checkpoint(victim, "--force", "--single-item", "train@small-lstm")
    victim.compose("trainings.stopped.learning_rate=0.04")
    output = victim.dvc("repro", "--force", "--single-item", "train@small-lstm")
    victim.compose()
    victim.dvc("repro", "--quiet")
    assert "goes on" not in output and "seed 42: epoch 1/8:" in output


def test_a_stage_ends_with_the_dvc_that_is_killed(victim: Project) -> None:
    running = start(victim, "repro", "--force", "--single-item", "train@small-lstm")
    while not stages_running(victim):
        assert running.poll() is None, "it ended without a stage"
        time.sleep(0.01)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 30
    while stages_running(victim) and time.monotonic() < deadline:  # until it has imported TensorFlow
        time.sleep(0.05)
    assert not stages_running(victim)
    victim.run("bash", "-c", MEND)
    victim.dvc("repro", "--quiet")


@pytest.mark.faults
@pytest.mark.parametrize("wait", [0.2, 1.0, 2.0, 4.0, 6.0])
def test_of_two_at_once_one_works_and_the_other_says_so(
    victim: Project, whole: dict[str, str], wait: float
) -> None:
    running = [start(victim, "repro", "--force", "train@small-lstm")]
    time.sleep(wait)
    running.append(start(victim, "repro", "--force", "train@small-lstm"))
    outputs = [process.communicate(timeout=120)[0] for process in running]
    failed = [text for process, text in zip(running, outputs, strict=True) if process.returncode]
    victim.dvc("repro", "--quiet")
    assert len(failed) < 2
    for text in failed:
        assert len(re.findall("^ERROR: .*(busy|lock)", text, re.MULTILINE)) == 1
    assert made_by(victim) == whole


def test_a_torn_lock_file_is_named_and_deleting_it_is_the_way_out(
    victim: Project, whole: dict[str, str]
) -> None:
    """DVC writes dvc.lock in place. Without it, and without data/, its run cache has all that was trained."""
    file = victim.root / "dvc.lock"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.rindex(": ")], encoding="utf-8")
    assert "dvc.lock" in victim.dvc("repro", fails=True)
    file.unlink()
    shutil.rmtree(victim.root / "data")
    output = victim.dvc("repro")
    # DVC has no run cache for a stage with an out in Git that is neither a metric nor a plot
    again = {f"{stage}@small-{model}" for stage in ("evaluate", "samples") for model in ("pooled", "lstm")}
    again |= {"compare@small", "summary"}
    assert set(re.findall("^Running stage '(.*)'", output, re.MULTILINE)) == again
    assert victim.outs == whole
    assert victim.stale() == set()


def unshared(victim: Project, script: str) -> str:
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


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("data/padded", "stages.pad words"),
        pytest.param(".checkpoints", "stages.train small-lstm", marks=pytest.mark.faults),
        pytest.param("data/sources", "stages.download own", marks=pytest.mark.faults),
        pytest.param("data/tokens", "stages.tokenize words", marks=pytest.mark.faults),
        pytest.param("data/models", "stages.train small-lstm", marks=pytest.mark.faults),
        pytest.param("reports/history", "stages.train small-lstm", marks=pytest.mark.faults),
        pytest.param("reports/metrics", "stages.evaluate small-lstm", marks=pytest.mark.faults),
        pytest.param("reports/compared/small", "stages.evaluate small-lstm", marks=pytest.mark.faults),
        pytest.param("reports/comparisons", "stages.compare small", marks=pytest.mark.faults),
    ],
)
def test_a_full_disk_is_named_in_one_line_and_earlier_results_stay(
    victim: Project, folder: str, command: str
) -> None:
    shutil.rmtree(victim.root / "kept", ignore_errors=True)
    (victim.root / folder).mkdir(exist_ok=True)
    output = unshared(
        victim, FULL.format(folder=folder, size=2000, command=f"'{sys.executable}' -m {command}")
    )
    shutil.rmtree(victim.root / "kept")
    assert re.fullmatch(f"error: .*/{folder}/.*No space left on device; free some space.*\n", output)


@pytest.mark.faults
@pytest.mark.parametrize("room", [50, 150, 300, 600, 900])
def test_dvc_on_a_full_disk_finishes_once_there_is_space(
    victim: Project, whole: dict[str, str], tmp_path: Path, room: int
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
    outs = [out for entry in lock["stages"].values() for out in entry.get("outs", [])]
    assert {out["path"]: out["md5"] for out in outs if out["path"] in whole} == whole


def test_a_read_only_checkout_is_refused_in_one_line(victim: Project) -> None:
    mount = "mount --bind . . && mount -o remount,ro,bind . && cd ."
    python = f"'{sys.executable}' -m"
    pad = unshared(victim, f'{mount}; cd "$PWD"; {python} stages.pad words 2>&1 || true')
    assert re.fullmatch("error: .*: Read-only file system; work in a copy of the repository.*\n", pad)
    whole = unshared(victim, f'{mount}; cd "$PWD"; {python} dvc repro 2>&1 || true')
    assert len(re.findall("^ERROR: .*Read-only file system", whole, re.MULTILINE)) == 1


DAMAGED = {
    "padded/words/train": load_padded,
    "padded/words/test": load_padded,
    "tokens/words/train.npz": load_tokens,
}


@pytest.mark.parametrize("how", ["altered", "cut short"])
@pytest.mark.parametrize("path", DAMAGED)
def test_damaged_arrays_are_named_and_never_used(project: Project, path: str, how: str) -> None:
    place = project.root / "data" / path
    for file in [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]:
        before, half = file.read_bytes(), file.stat().st_size // 2
        rest = b"" if how == "cut short" else bytes([before[half] ^ 0x80]) + before[half + 1 :]
        file.write_bytes(before[:half] + rest)
        with pytest.raises(InputError, match=r"words.*dvc repro"):
            DAMAGED[path](place)
        file.write_bytes(before)


def test_what_was_damaged_is_brought_back_from_the_cache(victim: Project, whole: dict[str, str]) -> None:
    for path in ("padded/words", "models/small-lstm", "tokens/words"):
        for file in (victim.root / "data" / path).rglob("*"):
            if file.is_file():
                file.write_bytes(file.read_bytes()[:-1])
    output = victim.dvc("repro")
    assert "Running stage" not in output.replace("Running stage 'summary'", "")
    assert made_by(victim) == whole and victim.stale() == set()


@pytest.mark.faults
def test_a_damaged_object_of_the_cache_is_not_used(victim: Project, whole: dict[str, str]) -> None:
    folder = victim.root / "data" / "models" / "small-lstm"
    digest = hashlib.md5((folder / "seeds" / "42.keras").read_bytes()).hexdigest()
    cached = victim.root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
    content = bytearray(cached.read_bytes())
    content[len(content) // 2] ^= 1
    cached.chmod(0o644)
    cached.write_bytes(content)
    shutil.rmtree(folder)
    victim.dvc("checkout", "train@small-lstm")  # takes it as it is
    done = stage(victim, "stages.tools.predict", "small-lstm", "a dull plot")
    assert done.returncode == 1 and "42.keras is missing or not the file that was trained" in done.stderr
    victim.dvc("repro", "--quiet")  # finds that it is another one, and trains again
    assert made_by(victim) == whole
    assert stage(victim, "stages.tools.predict", "small-lstm", "a dull plot").returncode == 0
