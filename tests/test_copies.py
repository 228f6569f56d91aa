"""Copies that are played: made behind, one lock for each recording, stopped and removed by who erases."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from audit import copies, copy_worker
from audit.copies import Told
from audit.erasing import erase, of_interactions
from audit.pipeline import audit_file
from audit.redaction import secrets
from audit.retention import apply_retention, read_retention
from audit.store import open_store
from audit.tokens import TokenScope, add_token
from audit.uploads import bring, look_after, upload_of, uploads_folder
from audit.users import add_user
from models.media import decode, probe
from models.observations import span
from tests import build, copying
from tests.copying import copied, played
from tests.test_redaction import CARD, noise
from tests.test_web import LINES, PASSWORD, STANDARDS, VTT, keep_call, keep_video, log_in, send
from web import create_app

LONG_S = 60.0
"""A video of this length takes some seconds to copy."""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video of which browsers play nothing."""
    return copying.film(tmp_path_factory.mktemp("film") / "long.avi", LONG_S)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home")


def call(store, folder, seconds=14.0, name="a", lines=LINES):
    path = build.encode(folder / f"{name}.wav", [build.tone(seconds, 8000)] * 2, "pcm_mulaw", 8000)
    return keep_call(store, folder, path, title=name, lines=lines)


def copy_of(store, one):
    gone = secrets(store.observations(one, ("utterances", "levels")))
    return copies.copy_of(store, one, store.recording(one.recording), gone)


def files(store, one):
    """What lies in the folder of copies under a recording's name, without it."""
    folder = store.home / "muted" / one.recording[:2]
    return sorted(file.name.removeprefix(f"{one.recording}.") for file in folder.glob(f"{one.recording}*"))


def until(holds, seconds=60.0):
    end_s = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def waits(store, one):
    """Asks for a copy, as `copies.ask` does, without a process that makes it."""
    asked = copies.asked_for(store, one.recording)
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text(json.dumps(one.id))


def test_what_is_played_is_a_private_copy_made_once_by_a_process_behind(store, tmp_path):
    one = call(store, tmp_path, lines=[("channel-1", 2.0, f"it is {CARD}")])
    assert not copy_of(store, one).ready
    copies.ask(store, one)
    until(lambda: copy_of(store, one).ready and files(store, one) == [copy_of(store, one).path.name[65:]])
    copy = copy_of(store, one).path
    made = copy.stat()
    assert copy.is_relative_to(store.home / "muted")
    assert stat.S_IMODE(made.st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert not decode(copy).sound.read(2.8, 4.4).any()
    assert copied(store, one) == copy
    assert copy.stat().st_mtime_ns == made.st_mtime_ns


def test_a_copy_that_was_made_otherwise_goes_when_another_is_made(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    old = copies.place(store, store.recording(one.recording), (span(1.0, 2.0),))
    old.write_bytes(b"fLaC")
    assert copies.kept(store, one.recording) == [old] and not copy_of(store, one).ready
    assert copied(store, one) != old
    assert copies.kept(store, one.recording) == [copy_of(store, one).path]


def test_a_recording_without_secrets_that_browsers_play_is_played_as_it_is(store, tmp_path):
    one = keep_call(store, tmp_path, build.write_wav(tmp_path / "a.wav", noise(14)), channels=(0,))
    assert str(copy_of(store, one).path) == one.path
    copies.prepare(store, one)
    assert not (store.home / "muted").exists()


def test_a_copy_that_is_made_keeps_no_other_one_waiting(store, tmp_path):
    one, other = call(store, tmp_path, name="a"), call(store, tmp_path, 15.0, "b")
    waits(store, one)
    with copies.made_by_us(store, one.recording):
        copies.ask(store, other)
        until(lambda: copy_of(store, other).ready)
        assert not copy_of(store, one).ready


def test_how_far_a_copy_is_can_be_seen_while_it_is_made(store, tmp_path, film):
    one = keep_video(store, tmp_path, film)
    waits(store, one)
    making = threading.Thread(target=copy_worker.work, args=(open_store(store.home),))
    making.start()
    until(lambda: 0 < copy_of(store, one).share < 1)
    assert not copy_of(store, one).ready
    assert copies.forget(store, [one.recording]) == 0
    making.join(20)


def test_never_more_processes_than_allowed_make_copies(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    (store.home / "muted").mkdir(exist_ok=True)
    held = [FileLock(path) for path in copies.slots(store)]
    assert len(held) == copies.AT_ONCE
    for lock in held:
        lock.acquire()
    copy_worker.work(store)
    assert not copy_of(store, one).ready
    held[0].release()
    copy_worker.work(store)
    assert copy_of(store, one).ready


def test_two_never_make_the_same_copy(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    with copies.made_by_us(store, one.recording):
        copy_worker.work(store)
        assert not copy_of(store, one).ready
    copy_worker.work(store)
    assert copy_of(store, one).ready


def maker(store):
    command = [sys.executable, "-m", "audit.copy_worker", str(store.home)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(Path.cwd())})


def test_what_a_killed_process_left_is_never_played_and_made_anew(store, tmp_path, film):
    one = keep_video(store, tmp_path, film)
    waits(store, one)
    process = maker(store)
    until(lambda: any(".part-" in name for name in files(store, one)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not copy_of(store, one).ready and copies.kept(store, one.recording) == []
    copy_worker.work(store)
    copy = copy_of(store, one)
    assert copy.ready and files(store, one) == [copy.path.name[65:]]
    assert abs(probe(copy.path).duration_s - LONG_S) < 0.1


def test_a_copy_of_which_every_maker_dies_is_given_up_and_tried_again_when_asked(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    copies.tell(store, one.recording, Told(copy_of(store, one).path.name, copy_worker.TRIES))
    copy_worker.work(store)
    assert "given up after 3 tries: killed" in copy_of(store, one).failed
    assert not copies.asked_for(store, one.recording).exists()
    copies.ask(store, one, again=True)
    until(lambda: copy_of(store, one).ready)


def test_why_a_copy_failed_is_one_line_without_folders(store, tmp_path):
    one = call(store, tmp_path)
    (tmp_path / "a.wav").write_bytes(b"something else")
    waits(store, one)
    copy_worker.work(store)
    failed = copies.told_of(store, one.recording).failed
    assert failed == "a.wav: changed after it was audited; audit it again"
    assert not copies.asked_for(store, one.recording).exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from audit import copy_worker
from audit.store import open_store
from audit.tokens import TokenScope, add_token
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
copy_worker.work(open_store(Path(sys.argv[1])))
"""
"""Makes copies where no file may be longer than the second argument says."""


def test_a_disk_that_is_full_is_told_and_leaves_nothing_half_made(store, tmp_path):
    path = build.encode(tmp_path / "a.avi", [noise(30, 8000)] * 2, "pcm_s16le", 8000)
    one = keep_call(store, tmp_path, path)
    waits(store, one)
    subprocess.run([sys.executable, "-c", FULL, str(store.home), "300000"], check=True)
    assert "the copy cannot be written" in copy_of(store, one).failed
    assert files(store, one) == ["told"]


def test_where_not_even_the_failure_can_be_written_nobody_goes_on_trying(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    command = [sys.executable, "-c", FULL, str(store.home), "60"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert said == f"copy of {one.recording[:12]}: File too large\n"
    assert not copies.asked_for(store, one.recording).exists() and not copy_of(store, one).ready


def test_of_an_unexpected_error_no_folder_is_told(store, tmp_path):
    one = call(store, tmp_path)
    waits(store, one)
    copies.said_of(store, one.recording).mkdir()
    copy_worker.work(store)
    told = copies.told_of(store, one.recording)
    assert told.failed == "Is a directory"


@pytest.mark.parametrize("way", ["erase", "retention"])
def test_who_removes_a_recording_stops_the_making_of_its_copy(store, tmp_path, film, way):
    # Of what was brought in, keep times remove the recording itself.
    brought = uploads_folder(store) / "a.avi"
    brought.parent.mkdir(parents=True)
    shutil.copy(film, brought)
    one = keep_video(store, tmp_path, brought)
    waits(store, one)
    making = threading.Thread(target=copy_worker.work, args=(open_store(store.home),))
    making.start()
    until(lambda: any(".part-" in name for name in files(store, one)))
    if way == "erase":
        assert erase(store, of_interactions(store, [one.id])).complete
    else:
        (tmp_path / "retention.yaml").write_text("every: {media: 1 day}\n")
        later = datetime.now(UTC) + timedelta(days=2)
        done = apply_retention(store, read_retention(tmp_path / "retention.yaml"), later)
        assert done.removed == {"media": 1} and not brought.exists()
    assert files(store, one) == []
    making.join(20)
    assert not making.is_alive() and files(store, one) == []


def test_a_copy_that_was_asked_for_before_its_interaction_went_is_not_made(store, tmp_path):
    one = call(store, tmp_path)
    erase(store, of_interactions(store, [one.id]))
    waits(store, one)
    copy_worker.work(store)
    assert files(store, one) == []


def test_keep_times_remove_copies_with_all_that_belongs_to_them(store, tmp_path):
    one = call(store, tmp_path)
    copied(store, one)
    waits(store, one)
    (tmp_path / "retention.yaml").write_text("every: {media: 1 day}\n")
    done = apply_retention(store, read_retention(tmp_path / "retention.yaml"))
    assert done.removed == {"media": 1} and files(store, one) == []


def test_what_is_brought_in_is_copied_before_anybody_opens_it(store, tmp_path):
    path = build.encode(tmp_path / "a.wav", [np.zeros(8000 * 3)] * 2, "pcm_mulaw", 8000)
    with path.open("rb") as content:
        brought, _ = bring(store, "ana", "a.wav", content, ["voice-en"], {"language": "en"})
    look_after(store)
    until(lambda: upload_of(store, brought.id).interactions, 120)
    one = store.interaction(upload_of(store, brought.id).interactions[0])
    until(lambda: copy_of(store, one).ready)


def test_of_a_video_the_copy_is_made_behind_too(store, tmp_path):
    path = build.write_video(tmp_path / "a.avi", [build.card(n, 640, 360) for n in range(10)])
    one = keep_video(store, tmp_path, path)
    assert copied(store, one).suffix == ".mp4"


def test_programs_are_told_to_come_again_while_a_copy_is_made(store, tmp_path):
    one = call(store, tmp_path, lines=[*LINES, ("channel-1", 4.0, f"it is {CARD}")])
    add_user(store, "ana", PASSWORD)
    said = add_token(store, "ana", [TokenScope.READ, TokenScope.REVIEW])[0]
    client, sent = create_app(store).test_client(), {"Authorization": f"Bearer {said}"}
    address = f"/api/v1/interactions/{one.id}/media"
    first = client.get(address, headers=sent)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    assert first.json["detail"] == "a.wav: its copy for playing is being made (0%); ask again in a while"
    assert played(client, address, headers=sent).mimetype == "audio/flac"
    copies.kept(store, one.recording)[0].unlink()
    name = copy_of(store, one).path.name
    copies.tell(store, one.recording, Told(name, 1, 0.5, "a.wav: the disk is full"))
    failed = client.get(address, headers=sent)
    assert failed.status_code == 422 and "could not be made: a.wav: the disk is full" in failed.json["detail"]


def test_a_making_that_does_not_stop_is_told(store, tmp_path, monkeypatch):
    one = call(store, tmp_path)
    waits(store, one)
    monkeypatch.setattr(copies, "STOPPED_S", 0.1)
    with copies.made_by_us(store, one.recording), pytest.raises(copies.StillMade, match="run the same again"):
        copies.forget(store, [one.recording])
    assert copies.forget(store, [one.recording]) == 0 and files(store, one) == []


def test_of_what_cannot_be_played_no_copy_is_told_or_asked_for(store, tmp_path):
    add_user(store, "ana", PASSWORD)
    client = create_app(store).test_client()
    log_in(client)
    plain = build.write_wav(tmp_path / "plain.wav", noise(14))
    one = keep_call(store, tmp_path, plain, channels=(0,))
    assert client.get(f"/interactions/{one.id}/copy/events").status_code == 200
    plain.unlink()
    assert client.get(f"/interactions/{one.id}/copy/events").status_code == 404
    (tmp_path / "a.vtt").write_text(VTT)
    text = audit_file(tmp_path / "a.vtt", [build.rubric(tmp_path, STANDARDS)], store).interaction
    assert send(client, f"/interactions/{text.id}/copy").status_code == 404
    assert not (store.home / "muted").exists()
