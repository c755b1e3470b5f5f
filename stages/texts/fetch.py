"""A file from the network: whole, or an error within bounded time."""

from pathlib import Path

CONNECT = 10  # seconds per address of a server; storage.googleapis.com has up to 16, tried in turn
SILENCE = 60  # seconds without a byte; TFDS's downloader sets no limit and waits for ever


def fetch(url: str, path: Path) -> None:
    """Write the file at an http or https address to `path`, through the environment's proxies, if any.

    Raises OSError, its text the reason: no server, silence, a status other than 200, a body shorter than
    announced. A body of unannounced length may be cut: check the content.
    """
    import requests  # when needed: stages/study/schema.py imports this module at every start
    from tqdm import tqdm

    limits, plain = (CONNECT, SILENCE), {"Accept-Encoding": "identity"}
    try:
        with requests.get(url, stream=True, timeout=limits, headers=plain) as answer, path.open("wb") as file:
            if answer.status_code != 200:
                raise ConnectionError(f"the server answered {answer.status_code} {answer.reason}")
            total = answer.raw.length_remaining
            with tqdm(total=total, desc=path.name, unit="B", unit_scale=True, disable=None) as bar:
                for block in answer.iter_content(1 << 16):
                    file.write(block)
                    bar.update(len(block))
    except (requests.RequestException, ValueError) as error:  # ValueError: an address like http://a..b
        cause: BaseException = error
        while cause.__context__:  # the outer ones tell pools and retries
            cause = cause.__context__
        raise ConnectionError(str(cause) or type(cause).__name__) from error
