"""The small study, composed once."""

import pytest

from tests.study.small import Params, small_params


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Params:
    return small_params(tmp_path_factory.mktemp("small"))
