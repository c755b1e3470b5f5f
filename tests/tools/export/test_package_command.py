"""The command that a package brings."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.tools.export.__main__ import write
from stages.trainers.linear import Linear
from tests.tools.export.packages import facts, fitted


def linear_package(folder: Path) -> Path:
    """One that says "bad" of every text, the surer the more of its words are known."""
    tokenizer = fitted(0, False, folder / "tokens")
    ones = np.ones(tokenizer.vocabulary, np.float32)
    model = Linear(ones, ones[:, None], ones[:1], np.zeros(0, np.int64))
    (folder / "package").mkdir()
    write(folder / "package", facts(["good", "bad"]), model, "ngrams", folder / "tokens")
    return folder / "package"


def run(package: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """The command of a package, started where it lies."""
    command = [sys.executable, "-m", "mine_too", *words]
    return subprocess.run(command, cwd=package, input=stdin, capture_output=True, text=True, check=True)


def test_what_is_not_utf_8_is_refused_as_predict_refuses_it(tmp_path: Path) -> None:
    package = linear_package(tmp_path)

    def refused(*words: bytes, stdin: bytes = b"") -> str:
        command: list[str | bytes] = [sys.executable, "-m", "mine_too", *words]
        done = subprocess.run(command, cwd=package, input=stdin, capture_output=True)
        assert done.returncode == 1
        return done.stderr.decode()

    why = "not UTF-8 (invalid start byte); give it as UTF-8\n"
    assert refused(stdin=b"word1\n\xfc\n") == f"error: standard input, line 2: {why}"
    assert refused(b"word1", b"\xfc") == f"error: text 2: {why}"
    assert run(package, stdin="\ufeffword1\n").stdout.endswith("\tword1\n")


def test_a_blank_text_gets_no_label_and_no_probability(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    texts = ["word1", "", " \t", "word2 word3"]
    lines = [line.split("\t") for line in run(package, *texts).stdout.splitlines()]
    assert [label for label, *_ in lines] == ["bad", "", "", "bad"]
    assert [bool(share) for _, share, _ in lines] == [True, False, False, True]
    code = f"import mine_too; print(mine_too.Classifier().predict({texts!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{['bad', '', '', 'bad']}\n" and not done.stderr


def test_what_is_no_text_is_refused_and_not_read_letter_by_letter(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    code = """
import mine_too
for texts in ("invoice", ["word1", None], [3]):
    for ask in (mine_too.Classifier().probabilities, mine_too.Classifier().predict):
        try:
            print(ask(texts))
        except TypeError as error:
            print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True
    )
    refused = [
        "texts: found a str, allowed: several of them; put it into a list",
        "texts: found None, allowed: str; leave it out or write ''",
        "texts: found 3, allowed: str; leave it out or write ''",
    ]
    assert done.stdout.splitlines() == [line for line in refused for _ in range(2)]


def test_texts_without_a_known_word_are_noted_one_by_one_or_counted(tmp_path: Path) -> None:
    package = linear_package(tmp_path)
    note = "note: no word of 'xyzzy' was learned: its label is a guess\n"
    piped = run(package, stdin="word1\n\nxyzzy\nword2\n")
    assert piped.stderr == note == run(package, "xyzzy", "word1").stderr
    assert [line.count("\t") for line in piped.stdout.splitlines()] == [2] * 4
    many = run(package, stdin="xyzzy\nword1\n \n" * 1500)
    assert many.stderr == "note: no word of 1,500 of the texts was learned: their labels are guesses\n"
    assert len(many.stdout.splitlines()) == 4500


def test_the_command_ends_quietly_when_it_is_interrupted_or_nobody_reads_on(tmp_path: Path) -> None:
    package = linear_package(tmp_path)

    def started() -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "mine_too"]
        return subprocess.Popen(command, cwd=package, stdin=pipe, stdout=pipe, stderr=pipe)

    with started() as waiting:
        assert waiting.stdin and waiting.stdout
        waiting.stdin.write(b"word1\n" * 1000)  # as many as it reads at a time
        waiting.stdin.flush()
        waiting.stdout.read(1)  # it waits for more by then
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate()[1] == b"" and waiting.returncode == 128 + signal.SIGINT
    with started() as unread:
        assert unread.stdout
        unread.stdout.close()
        assert unread.communicate(b"word1\n" * 20_000)[1] == b""
        assert unread.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_the_command_says_what_it_takes(tmp_path: Path, asked: str) -> None:
    package = linear_package(tmp_path)

    def printed(*words: str) -> str:
        return run(package, *words).stdout

    usage = printed(asked)
    assert usage.startswith("usage: python -m mine_too [text ...]\n") and "good, bad" in usage
    assert 'python -m mine_too "a text"' in usage
    assert run(package, "word1").stderr == ""
    about = package / "mine_too" / "facts.json"
    about.write_text(
        about.read_text(encoding="utf-8").replace("{", '{"doubt": "shares lie", ', 1), encoding="utf-8"
    )
    assert "Its shares lie." in printed(asked) and "Its" not in usage
    assert run(package, "word1").stderr == "note: shares lie\n"
    assert printed("word1", asked).endswith(f"\t{asked}\n")  # of several arguments, a text like any other
