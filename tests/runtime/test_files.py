"""Files are whole or not there; what a table holds can do no harm where it is shown."""

import csv
import errno
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.runtime import files
from stages.runtime.config import ROOT


def test_a_write_that_fails_names_the_file_keeps_the_old_one_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="full") as failed, files.replacing(path) as draft:
        draft.write_text("half", encoding="utf-8")
        raise OSError(errno.ENOSPC, "full")
    assert failed.value.filename == str(path)
    assert path.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [path]


FULL = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from stages.runtime import command, files

def main():
    with files.replacing_folder(Path(sys.argv[1])) as draft:
        np.save(draft / "rows.npy", np.arange(100_000))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
command.guard(main)
"""


def test_an_array_of_which_a_part_finds_room_is_told_by_file_and_remedy(tmp_path: Path) -> None:
    """NumPy says how much it wrote, and neither where nor why."""
    path = tmp_path / "padded"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and not [*tmp_path.iterdir()]
    assert done.stderr.startswith(f"error: {path}: No space left on device; ")


def test_an_error_of_the_network_is_none_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^404$") as failed, files.replacing(tmp_path / "x"):
        raise OSError("404")
    assert failed.value.errno is None


def test_a_folder_takes_the_place_of_a_folder_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for name in ("old", "new"):
        with files.replacing_folder(path) as draft:
            (draft / name).write_text(name, encoding="utf-8")
    with pytest.raises(ValueError, match="half"), files.replacing_folder(path) as draft:
        (draft / "half").write_text("half", encoding="utf-8")
        raise ValueError("half")
    assert [p.name for p in path.iterdir()] == ["new"] and [*tmp_path.iterdir()] == [path]


def test_a_draft_that_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    for draft in (tmp_path / ".a.json.part", tmp_path / ".b.json.part"):
        (draft.mkdir if "a" in draft.name else draft.touch)()
    for name in ("a.json", "b.json"):
        files.write_json(tmp_path / name, {"ü": 1})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"ü": 1}


def test_line_ends_are_the_same_on_every_system_and_numbers_that_json_lacks_are_refused(
    tmp_path: Path,
) -> None:
    files.write_text(tmp_path / "a.txt", "one\ntwo\n")
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo\n"
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "b.json", {"loss": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)))
    assert files.sha256(tmp_path / "a") == hashlib.sha256(bytes(range(256))).hexdigest()


def written(path: Path, *cells: object) -> list[str]:
    """Cells as they stand in a table's row."""
    files.write_csv(path / "table.csv", ["a"] * len(cells), [cells])
    with (path / "table.csv").open(encoding="utf-8", newline="") as file:
        _, row = csv.reader(file)
    return row


def test_texts_that_a_spreadsheet_would_calculate_begin_with_an_apostrophe_and_numbers_do_not(
    tmp_path: Path,
) -> None:
    harmful = ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "-1+2"]
    assert written(tmp_path, *harmful) == [f"'{text}" for text in harmful]
    harmless = ["a=1", "", "good", "-1.5", "+2", "-1e-05", "'"]
    assert written(tmp_path, *harmless, -1.5, None, -3) == [*harmless, "-1.5", "", "-3"]


@settings(max_examples=60)
@given(st.lists(st.text(st.sampled_from("<>/!-\\scripSCRIPT=+@a,\n\"'")) | st.text(max_size=5), min_size=1))
def test_no_label_can_end_the_script_in_the_page_of_dvc_plots_show(tmp_path: Path, labels: list[str]) -> None:
    for label in ["</script><script>alert(1)</script>", "<!--<script>", *labels]:
        try:
            label.encode()
        except UnicodeEncodeError:
            continue
        [cell] = written(tmp_path, label)
        page = json.dumps(cell)  # as Vega's data in a script element
        assert "</" not in page and "<!" not in page
        assert (
            label == cell.removeprefix("'" * cell.startswith(f"'{label[:1]}")).replace("<\\", "<")
            or "<\\" in label
        )
