"""What ends a stage is one line with a remedy."""

import errno
import signal
import subprocess
import sys

import pytest

from stages.runtime import command
from stages.runtime.config import ROOT, InputError


def ending(error: BaseException) -> str:
    """The line with which a process ends that raises the error."""

    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        command.guard(work)
    return str(ended.value.code)


def test_a_reader_that_has_enough_ends_it_in_silence() -> None:
    code = (
        "from stages.runtime import command; command.guard(lambda: [print('x' * 99) for _ in range(10**5)])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdout and writer.stderr
        writer.stdout.readline()
        writer.stdout.close()
        errors = writer.stderr.read()
    assert (errors, writer.returncode) == (b"", 128 + signal.SIGPIPE)


def test_refused_input_is_its_own_line() -> None:
    assert ending(InputError("found 3\nallowed: 4")) == r"error: found 3\nallowed: 4"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "; free some space and run it again; what was finished before is kept"),
        (errno.EROFS, "; work in a copy of the repository that can be written to"),
        (errno.EACCES, "; give yourself the permission, or work in a copy of the repository"),
        (errno.EIO, ""),
    ],
)
def test_an_error_of_the_system_names_the_file_and_the_remedy(number: int, remedy: str) -> None:
    reason = OSError(number, "What happened")
    assert ending(reason) == f"error: What happened{remedy}"
    reason.filename = "some/file"
    assert ending(reason) == f"error: some/file: What happened{remedy}"


def test_ctrl_c_while_modules_are_imported_is_the_same_word() -> None:
    code = "import signal; import stages.runtime; signal.raise_signal(signal.SIGINT)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert (done.stderr, done.returncode) == (b"interrupted\n", -signal.SIGINT)


def test_ctrl_c_is_one_word_and_the_status_that_shells_give_it() -> None:
    code = "from stages.runtime import command; command.guard(lambda: signal.raise_signal(signal.SIGINT))"
    done = subprocess.run([sys.executable, "-c", f"import signal; {code}"], cwd=ROOT, capture_output=True)
    assert (done.stderr, done.returncode) == (b"interrupted\n", 128 + signal.SIGINT)
