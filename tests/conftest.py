"""What every test shares."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def short_windows():
    """The test Whisper was trained on two or three sentences at a time: full windows would put it off."""
    from models import whisper

    full, whisper.PACKED_S = whisper.PACKED_S, 7.0
    yield
    whisper.PACKED_S = full
