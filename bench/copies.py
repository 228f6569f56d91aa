"""How long others wait while a long recording is copied for browsers, in seconds.

    bench/copies.py [--minutes 10] [--openers 8] [--json]

A video of so many minutes in MPEG-4 part 2 (AVI) and a call of ten seconds in µ-law are kept: browsers play
neither as it is. `comport serve` answers as a process of its own. So many visitors ask for the video at once;
a second later another one asks for the list, and then for the call until it is played. Last, how long it took
until the video could be played.
"""

import argparse
import re
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.load import PASSWORD, served, tell

AGAIN_S = 1.0
"""So soon whoever was told to wait asks again, as an open page does."""

SOON_S = 0.1
"""So soon the one who is measured asks again."""

ANSWERED = 600.0
"""Seconds after which no answer is waited for any more."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--openers", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tell(measured(arguments), arguments.json)


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    from audit.store import open_store
    from audit.users import add_user
    from tests import build
    from tests.copying import film
    from tests.test_web import keep_call, keep_video

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder / "home")
        add_user(store, "ana", PASSWORD)
        long = keep_video(store, folder, film(folder / "long.avi", arguments.minutes * 60), "long")
        sound = [build.tone(10.0, 8000)] * 2
        short = keep_call(store, folder, build.encode(folder / "short.wav", sound, "pcm_mulaw", 8000))
        store.engine.dispose()
        with served(folder / "home", None) as host:
            asked = [
                threading.Thread(target=played_s, args=(host, long.id)) for _ in range(arguments.openers)
            ]
            began_s = time.monotonic()
            for one in asked:
                one.start()
            time.sleep(1.0)
            list_s = answered_s(host)
            short_s = played_s(host, short.id, SOON_S)
            for one in asked:
                one.join()
            all_s = time.monotonic() - began_s
    found = {"list_s": list_s, "other_media_s": short_s, "long_media_s": all_s}
    return {
        **{what: round(value, 2) for what, value in found.items()},
        "minutes": arguments.minutes,
        "openers": arguments.openers,
    }


def logged_in(host: str) -> Any:
    """A session of ana."""
    import requests

    session = requests.Session()
    form = session.get(f"{host}/login", timeout=ANSWERED).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    sent = {"csrf_token": token[1] if token else "", "name": "ana", "password": PASSWORD}
    session.post(f"{host}/login", data=sent, timeout=ANSWERED).raise_for_status()
    return session


def answered_s(host: str) -> float:
    """Until somebody who comes has logged in and sees the list."""
    began_s = time.monotonic()
    logged_in(host).get(f"{host}/interactions", timeout=ANSWERED).raise_for_status()
    return time.monotonic() - began_s


def played_s(host: str, identity: str, again_s: float = AGAIN_S) -> float:
    """Until somebody who comes has the first bytes of a recording."""
    began_s = time.monotonic()
    session = logged_in(host)
    while True:
        address = f"{host}/interactions/{identity}/media"
        answer = session.get(address, headers={"Range": "bytes=0-999"}, timeout=ANSWERED)
        if answer.status_code != 503:
            answer.raise_for_status()
            return time.monotonic() - began_s
        time.sleep(again_s)


if __name__ == "__main__":
    main()
