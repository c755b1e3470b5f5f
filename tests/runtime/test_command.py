"""What ends a stage is one line with a remedy."""

import errno

import pytest

from stages.runtime import command
from stages.runtime.config import InputError


def ending(error: BaseException) -> str:
    """The line with which a process ends that raises the error."""

    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        command.guard(work)
    return str(ended.value.code)


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


def test_ctrl_c_is_one_word() -> None:
    assert ending(KeyboardInterrupt()) == "interrupted"
