"""TensorFlow Datasets, imported without TensorFlow's notes, and what it raises told in one line."""

import re
import sys
from typing import Any

from stages.runtime.quiet import quiet


def import_tfds() -> Any:
    """The package; importing it takes seconds. Its progress bars are for a terminal only."""
    with quiet():
        import tensorflow  # noqa: F401  (TFDS would import it later)
        import tensorflow_datasets
    if not sys.stderr.isatty():
        tensorflow_datasets.disable_progress_bar()
    return tensorflow_datasets


def why(error: Exception) -> str:
    """Type and text of an error, at most 200 characters, without where in TensorFlow's graph it arose."""
    text = re.sub(r"{{.*?}} | \[Op:.*", "", str(error))
    return " ".join(f"{type(error).__name__}: {text}".split())[:200]
