"""What requests and answers hold."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def encodable(text: str) -> str:
    """JSON may hold half of a surrogate pair; tokenizers and UTF-8 do not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text without halves of surrogate pairs") from None
    return text


Text = Annotated[str, AfterValidator(encodable)]


class Request(BaseModel):
    """A text, or several."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[Text | None, Field(description="one text, of which there is one answer")] = None
    texts: Annotated[list[Text] | None, Field(description="several, in whose order there are answers")] = None
    threshold: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False, description="below this probability the label is null"),
    ] = 0.0
    top: Annotated[int, Field(ge=1, description="how many of the most probable labels")] = 1


class Label(BaseModel):
    """Of an empty text all are null."""

    label: str | None
    probability: float | None
    probabilities: dict[str, float] | None
    known: Annotated[
        bool | None,
        Field(
            description="whether the model learned anything of the text, a word or a mark; if not, as in "
            "another script, the label is a guess"
        ),
    ]


class Answer(Label):
    """Of an empty text all are null; the label is null below the threshold, too."""

    top: Annotated[
        list[tuple[str | None, float | None]] | None,
        Field(description="labels and their probabilities, if more than one was asked for"),
    ] = None


class Answers(BaseModel):
    answers: list[Answer]


class Explained(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: Text


class Word(BaseModel):
    word: str
    attribution: Annotated[float, Field(description="what it adds to the logit of the label")]


class Explanation(Label):
    """Of an empty text all are null, and there are no words."""

    words: Annotated[list[Word], Field(description="in their order, as the model reads them")]
    note: Annotated[str | None, Field(description="a line that says so if no word speaks for the label")]


class Refusal(BaseModel):
    error: Annotated[str, Field(description="one line")]
