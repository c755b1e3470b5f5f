"""Whatever is given to `predict`, each text gets one line of its own, or one line says which is no text."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import predict
from stages.lib.config import InputError
from stages.lib.padding import Bucket, Fixed
from stages.tokenizers import word

HOWS = [
    Fixed(kind="fixed", length=4, side="pre", truncate="post"),
    Bucket(kind="bucket", boundaries=[2, 5]),
]
TOKENIZER = word.fit(word.Config(kind="word", vocabulary=5), ["a plot", "a dull plot"])


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bytes_are_as_many_texts_or_refused_by_number(lines: list[bytes]) -> None:
    good = [line for line in lines if line.decode("utf-8", "ignore").encode() == line]
    if good != lines:
        first = next(i for i, line in enumerate(lines, 1) if line not in good)
        with pytest.raises(InputError, match=f"^line {first}: not UTF-8") as refused:
            list(predict.decoded(lines, "line"))
        assert "\n" not in str(refused.value)
    else:
        texts = list(predict.decoded(lines, "line"))
        assert [text.encode() for text in texts][1:] == lines[1:] and len(texts) == len(lines)


@given(st.text(), st.floats(0, 1))
def test_a_text_is_one_line_whatever_is_in_it(text: str, share: float) -> None:
    shares = np.array([share, 1 - share])
    plain = predict.line(text, ["no", "yes"], shares, as_json=False)
    found = json.loads(predict.line(text, ["no", "yes"], shares, as_json=True))
    assert len((plain + ".").splitlines()) == 1 and plain.count("\t") == 2
    assert found["text"] == text
    assert found["label"] == plain.split("\t")[0] == ("no" if share >= 0.5 else "yes")


@pytest.mark.parametrize("how", HOWS, ids=["fixed", "bucket"])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=6))
def test_every_text_has_its_own_row_of_ids_even_an_empty_one(how: Fixed | Bucket, texts: list[str]) -> None:
    arrays = predict.padded(texts, TOKENIZER, how)
    rows = [int(row) for bucket in arrays.rows for row in bucket]
    assert sorted(rows) == list(range(len(texts)))
    for ids, members in zip(arrays.ids, arrays.rows, strict=True):
        for line, row in zip(ids, members, strict=True):
            expected = next(iter(TOKENIZER.encode([texts[row]])))
            kept = expected[: how.length] if isinstance(how, Fixed) else expected
            assert line[line > 0].tolist() == kept.tolist()
