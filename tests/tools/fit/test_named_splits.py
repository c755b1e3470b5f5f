"""`fit` of data sets that TFDS or Hugging Face's `datasets` has prepared: rows, names of labels and splits
are theirs, and what is not used is named."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

from stages.runtime.config import InputError, read
from stages.sources import files
from stages.tools.fit import copies, from_folder, from_huggingface, from_tfds, stated
from stages.tools.fit.data_set import DataSet
from tests.sources.tables import pairs

Rows = Sequence[tuple[str, int]]

NAMES = ["bad", "good"]
TRAIN = [(f"film {i}", i % 2) for i in range(40)]
TEST = [(f"another film {i}", i % 2) for i in range(10)]


@pytest.fixture(autouse=True)
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies go: not into this repository."""
    monkeypatch.setattr(copies, "ROOT", tmp_path)
    return tmp_path / "texts"


def named(rows: Rows, names: Sequence[str] = NAMES) -> Counter[tuple[str, str]]:
    return Counter((text, names[label]) for text, label in rows)


def loaded(data: DataSet, name: str = "mine") -> dict[str, Counter[tuple[str, str]]]:
    """What the source reads of the copies that are made for it."""
    source = read(files.Source, data.entry(name), f"sources.{name}")
    return {split: Counter(pairs(part)) for split, part in files.load(source).items()}


def arrow(path: Path, rows: Rows, names: Sequence[str] = NAMES) -> Path:
    """An .arrow file as `datasets` 5.2 writes it: a stream, the features in its metadata."""
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "stars": {"dtype": "int32", "_type": "Value"},
        "words": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
        "label": {"names": [*names], "_type": "ClassLabel"},
    }
    columns = {
        "text": pyarrow.array([text for text, _ in rows]),
        "stars": pyarrow.array([len(text) for text, _ in rows], pyarrow.int32()),
        "words": pyarrow.array([text.split() for text, _ in rows]),
        "label": pyarrow.array([label for _, label in rows], pyarrow.int64()),
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pyarrow.table(columns).replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return path


def saved(folder: Path, rows: Rows, shards: int = 1, names: Sequence[str] = NAMES) -> Path:
    """A split as `save_to_disk` writes it."""
    step = -(-len(rows) // shards)
    parts = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    for i, part in enumerate(parts):
        arrow(folder / part, rows[i * step : (i + 1) * step], names)
    state = {"_data_files": [{"filename": part} for part in parts], "_fingerprint": "0", "_split": None}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    return folder


def saved_splits(folder: Path, splits: Mapping[str, Rows]) -> Path:
    for name, rows in splits.items():
        saved(folder / name, rows)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": [*splits]}), encoding="utf-8")
    return folder


def cached(folder: Path, name: str, splits: Mapping[str, Rows]) -> Path:
    """A data set as `load_dataset` leaves it in the cache."""
    for split, rows in splits.items():
        arrow(folder / f"{name}-{split}.arrow", rows)
    arrow(folder / "cache-0123.arrow", [("what `map` has left", 0)])
    facts = {
        split: {"name": split, "num_examples": len(rows), "dataset_name": name}
        for split, rows in splits.items()
    }
    (folder / "dataset_info.json").write_text(json.dumps({"splits": facts}), encoding="utf-8")
    return folder


def refused(name: str, **columns: str) -> str:
    kind = from_tfds if columns.pop("kind", "") == "tfds" else from_huggingface
    with pytest.raises(InputError) as error:
        kind.data_set(name, [columns["text"]] if "text" in columns else None, columns.get("label"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_splits_that_were_saved_are_read_with_the_names_of_labels(tmp_path: Path, texts: Path) -> None:
    folder = saved_splits(tmp_path / "films", {"train": TRAIN, "test": TEST, "extra": TEST[:3]})
    data = from_huggingface.data_set(str(folder), None, None)
    assert loaded(data) == {"train": named(TRAIN), "test": named(TEST)}
    assert data.name == "films" and sorted(path.name for path in (texts / "mine").iterdir()) == [
        ".copies.json",  # by which they are known again
        "test.parquet",
        "train.parquet",
    ]
    assert "the test split is 'test'" in data.notes and "not used: extra (3 rows)" in data.notes
    assert from_folder.data_set(folder, None, None, None).texts == data.texts
    assert Counter(zip(data.texts, data.labels, strict=True)) == named(TRAIN)
    assert data.tests == [text for text, _ in TEST]


def test_without_labels_in_test_the_validation_split_takes_its_place(tmp_path: Path) -> None:
    hidden = [(f"unlabelled {i}", -1) for i in range(10)]
    train = [*TRAIN, ("one without a label", -1), (" ", 1)]
    folder = saved_splits(tmp_path / "films", {"train": train, "validation": TEST, "test": hidden})
    data = from_huggingface.data_set(str(folder), None, None)
    assert loaded(data) == {"train": named(TRAIN), "test": named(TEST)}
    assert "the test split is 'validation'" in data.notes and "not used: test (10 rows)" in data.notes
    assert "2 rows of train have no text or no label and are left out" in data.notes


def test_a_single_split_in_several_files_is_cut(tmp_path: Path) -> None:
    data = from_huggingface.data_set(str(saved(tmp_path / "films", TRAIN, shards=3)), None, None)
    splits = loaded(data)
    assert splits["train"] + splits["test"] == named(TRAIN) and len(splits["test"]) > 0
    one = from_huggingface.data_set(str(arrow(tmp_path / "films.arrow", TRAIN)), None, None)
    assert Counter(zip(one.texts, one.labels, strict=True)) == named(TRAIN) and one.name == "films"
    assert one.tests is None


def test_each_split_has_its_own_order_of_names(tmp_path: Path) -> None:
    folder = saved_splits(tmp_path / "films", {"train": TRAIN})
    saved(folder / "test", [(text, 1 - label) for text, label in TEST], names=NAMES[::-1])
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "test"]}', encoding="utf-8")
    assert loaded(from_huggingface.data_set(str(folder), None, None))["test"] == named(TEST)


def test_other_data_or_columns_than_those_that_were_copied_are_refused(tmp_path: Path) -> None:
    folder = saved_splits(tmp_path / "films", {"train": TRAIN, "test": TEST})
    data = from_huggingface.data_set(str(folder), None, None)
    entry = data.entry("mine")
    stated.refuse_other_copies("mine", entry, data)
    single = from_huggingface.data_set(str(saved(tmp_path / "other", TRAIN)), None, None)
    stars = from_huggingface.data_set(str(folder), ["text"], "stars")
    for name, stated_entry, other in (
        ("mine", entry, single),
        ("mine", entry, stars),
        ("mine", entry | {"path": "texts/another"}, data),
        ("another", entry, data),
    ):
        with pytest.raises(InputError, match=r"found other texts or labels than those of .*; give --name"):
            stated.refuse_other_copies(name, stated_entry, other)


def test_other_columns_may_be_asked_for(tmp_path: Path) -> None:
    folder = saved(tmp_path / "films", [("x" * (i % 3 + 1) + f" {i:02}", 0) for i in range(40)])
    data = from_huggingface.data_set(str(folder), ["text"], "stars")
    assert set(data.labels) == {"4", "5", "6"}
    assert "--label: found 'words', allowed: a column" in refused(str(folder), label="words")


def test_the_cache_is_searched_by_the_name_that_hugging_face_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    place = tmp_path / "me___my_films" / "plain_text" / "0.0.0" / "abc"
    cached(place, "my_films", {"train": TRAIN, "test": TEST})
    for name in ("me/my_films", "me/MyFilms", "me/my_films/plain_text"):
        data = from_huggingface.data_set(name, None, None)
        assert loaded(data) == {"train": named(TRAIN), "test": named(TEST)}
    assert data.title == "hf:me/my_films/plain_text"
    other = cached(tmp_path / "me___my_films" / "long" / "0.0.0" / "abc", "my_films", {"train": TRAIN})
    assert "found 2 configurations, allowed: one; add /long, plain_text" in refused("me/my_films")
    assert len(from_huggingface.data_set("me/my_films/long", None, None).texts) == 40
    (other / "my_films-train.arrow").unlink()
    assert "found 0 rows of train, not 40" in refused("me/my_films/long")


@pytest.mark.parametrize("name", ["me/nothing", "nothing", "../me", "a/b/c/d", ""])
def test_what_is_not_prepared_is_refused_with_the_way_to_prepare_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    refusal = refused(name)
    assert "save_to_disk" in refusal


def test_the_way_to_prepare_it_names_the_configuration_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    assert 'load_dataset("me/films", "plain_text").save' in refused("me/films/plain_text")
    assert 'load_dataset("me/films").save' in refused("me/films")


def test_a_folder_that_is_damaged_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = saved(tmp_path / "films", TRAIN)
    state = (folder / "state.json").read_text(encoding="utf-8")
    (folder / "state.json").write_text(state.replace('"_split": null', '"_indices_files": ["x"]'))
    assert "old version of `datasets`" in refused(str(folder))
    (folder / "state.json").write_text("[]", encoding="utf-8")
    assert "can't be read" in refused(str(folder))
    (folder / "state.json").write_text(state, encoding="utf-8")
    (folder / "data-00000-of-00001.arrow").write_bytes(b"no arrow")
    assert "can't be read (ArrowInvalid" in refused(str(folder))
    assert "found the splits test (10 rows), allowed: one called train" in refused(
        str(saved_splits(tmp_path / "tests", {"test": TEST}))
    )
    unlabelled = saved(tmp_path / "unlabelled", [("a text", -1), ("b text", -1)])
    assert "none in train has a text and a label" in refused(str(unlabelled), text="text", label="label")


@pytest.fixture(scope="module")
def prepared_by_tfds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TFDS's folder with a data set whose first version has no test split, whose second has."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")

    class SmallFilms(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg, misc]  # TFDS has no types
        VERSION = tfds.core.Version("1.9.0")
        SUPPORTED_VERSIONS = [tfds.core.Version("1.10.0")]  # noqa: RUF012

        def _info(self) -> Any:
            columns = {
                "label": tfds.features.ClassLabel(names=NAMES),
                "text": tfds.features.Text(),
                "numbers": tfds.features.Tensor(shape=(2,), dtype=np.int64),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(columns))

        def _split_generators(self, manager: Any) -> dict[str, Any]:
            splits = {"train": TRAIN, "unsupervised": [("no label", -1)]}
            return {
                name: self._generate_examples(rows)
                for name, rows in (splits | ({"test": TEST} if self.version == "1.10.0" else {})).items()
            }

        def _generate_examples(self, rows: Rows) -> Iterator[tuple[int, dict[str, Any]]]:
            for i, (text, label) in enumerate(rows):
                yield i, {"text": text, "label": label, "numbers": [i, i]}

    for version in ("1.9.0", "1.10.0"):
        SmallFilms(data_dir=folder, version=version).download_and_prepare()
    return folder


@pytest.mark.slow
def test_a_prepared_data_set_of_tfds_is_read(prepared_by_tfds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow_datasets as tfds

    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(prepared_by_tfds))
    data = from_tfds.data_set("small_films", None, None)
    assert loaded(data) == {"train": named(TRAIN), "test": named(TEST)}
    assert data.title == "tfds:small_films/1.10.0" and "not used: unsupervised (1 rows)" in data.notes
    before = loaded(from_tfds.data_set("small_films:1.9.0", None, None), "before")
    assert before["train"] + before["test"] == named(TRAIN)
    assert "found no prepared copy" in (refusal := refused("large_films", kind="tfds"))
    assert "download_and_prepare()" in refusal and "TFDS_DATA_DIR" in refusal
    assert "found no prepared copy" in refused("small_films:2.0.0", kind="tfds")
    for path in (prepared_by_tfds / "small_films" / "1.9.0").glob("*.tfrecord*"):
        path.write_bytes(b"damaged")
    assert "can't be read" in refused("small_films:1.9.0", kind="tfds")


@pytest.mark.parametrize("name", ["", "../films", "a/b/c", "huggingface:imdb", "a b"])
def test_what_is_no_name_of_tfds_is_refused_before_tfds_is_asked(name: str) -> None:
    assert "found no name of TFDS" in refused(name, kind="tfds")
