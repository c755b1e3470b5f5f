"""A headless Chromium, where one is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium is installed")


def markup(url: str, profile: Path, *options: str) -> str:
    """The page after its scripts ran. profile: an empty folder; options: of Chromium."""
    command = [
        *[str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"],
        *["--virtual-time-budget=20000", *options, "--dump-dom", url],
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
