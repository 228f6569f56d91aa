"""Cameras of the house: their list, the zones drawn on their picture, and what is refused."""

from html import unescape
from pathlib import Path

import msgspec
import pytest

from audit.auditlog import entries
from audit.camera_files import camera_of, cameras, file_of, keep_zones
from audit.scope import UserRole
from audit.store import open_store
from audit.uploads import CAMERA, bring, uploads_folder
from audit.users import add_user
from models.camera import Zone, load_camera
from tests.serving import CHROMIUM, enter, served
from tests.test_browser import BUNDLE
from tests.test_web import CLIP, PASSWORD, keep_call, keep_video, log_in, send, stereo
from web import create_app

TRIANGLE = "10,20 300,20 300.5,200"


class Site:
    def __init__(self, folder):
        self.store = open_store(folder / "home")
        add_user(self.store, "ana", PASSWORD)
        self.video = keep_video(self.store, folder)
        self.call = keep_call(self.store, folder, stereo(folder))
        self.app = create_app(self.store)
        self.client = self.app.test_client()
        assert log_in(self.client).status_code == 302

    def send(self, address, **form):
        return send(self.client, address, **form)

    def add(self, name):
        return self.send("/admin/cameras", name=name, video=self.video.id)

    def draw(self, name, zones, seen=None):
        form = {"zone": [n for n, _ in zones], "corners": [c for _, c in zones], "do": "zones"}
        return self.send(f"/admin/cameras/{name}", **form, seen=seen or camera_of(self.store, name).digest)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("cameras"))


def test_a_camera_is_added_drawn_on_used_and_removed(site):
    assert "No camera is known yet" in site.client.get("/admin/cameras").text
    assert site.add("Desk ").location == f"/admin/cameras/desk?video={site.video.id}"
    page = site.client.get("/admin/cameras/desk").text
    assert f"/admin/cameras/pictures/{site.video.id}.jpg?at=0" in page
    drawn = site.draw("desk", [("counter", TRIANGLE), ("entrance", " "), ("entrance", "0,0 9,0 9,9")])
    assert drawn.location == "/admin/cameras/desk?done=1"
    assert "10,20 300,20 300.5,200" in site.client.get("/admin/cameras/desk?done=1").text
    # It is the file that `comport audit --camera` reads.
    path = site.store.home / "cameras" / "desk.yaml"
    assert [zone.name for zone in load_camera(path).zones] == ["counter", "entrance"]
    assert load_camera(path).zones[0] == Zone("counter", ((10.0, 20.0), (300.0, 20.0), (300.5, 200.0)))
    assert (file_of(site.store.home, Path("desk")), file_of(site.store.home, path)) == (path, path)
    log = entries(site.store, action="camera")
    assert [(one.who, one.subject, one.detail["did"]) for one in log[:2]] == [
        ("ana", "desk", "zones"),
        ("ana", "desk", "added"),
    ]
    assert '<select name="camera">' in site.client.get("/upload").text
    assert site.send("/admin/cameras/desk", do="remove").location == "/admin/cameras?done=desk"
    assert cameras(site.store) == () and 'name="camera"' not in site.client.get("/upload").text


def test_the_picture_is_of_the_video_and_that_it_was_seen_is_logged(site):
    answer = site.client.get(f"/admin/cameras/pictures/{site.video.id}.jpg?at=1")
    assert (answer.status_code, answer.mimetype, answer.data[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert "private" in answer.headers["Cache-Control"]
    assert entries(site.store, action="view", subject=site.video.id)
    for other in (site.call.id, "0" * 64, "x"):
        assert site.client.get(f"/admin/cameras/pictures/{other}.jpg").status_code == 404


@pytest.mark.parametrize(
    ("zones", "code", "says"),
    [
        ([("counter", "1,2 3,4")], 422, "with 2 corners; expected three or more"),
        ([("counter", "1,2 3,4 five")], 422, "expected pixels like 412,300"),
        ([("counter", "1,2 3,4 5,6,7")], 422, "expected pixels like 412,300"),
        ([("counter", "1,2 3,4 nan,6")], 422, "a corner at nan,6, outside the picture"),
        ([("counter", "9999,9999 9999,9998 9998,9999")], 422, "a corner at 9999,9999, outside the picture"),
        ([("counter", "1,2 3,4 1e30,6")], 422, "a corner at 1e+30,6, outside the picture"),
        ([("queue", TRIANGLE)], 422, "expected counter or entrance"),
        ([("counter", TRIANGLE)] * 21, 422, "expected 20 at most"),
        ([("counter", "1,1 " * 61)], 422, "expected 60 at most"),
    ],
)
def test_what_is_no_zone_is_told_and_changes_nothing(site, zones, code, says):
    site.add("lobby")
    answer = site.draw("lobby", zones)
    assert (answer.status_code, says in unescape(answer.text)) == (code, True)
    assert camera_of(site.store, "lobby").camera.zones == ()


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "x" * 41])
def test_what_is_no_name_is_told(site, name):
    assert site.add(name).status_code == 422
    assert not list(site.store.home.glob("*.yaml"))


@pytest.mark.parametrize(
    ("address", "form", "code"),
    [
        ("/admin/cameras/nowhere", {"do": "zones"}, 404),
        ("/admin/cameras/nowhere", {"do": "remove"}, 404),
        ("/admin/cameras/lobby", {"do": "burn"}, 400),
        ("/admin/cameras/lobby", {"do": "zones", "zone": "counter"}, 400),
    ],
)
def test_what_cannot_be_done_is_told(site, address, form, code):
    site.add("lobby")
    assert site.send(address, **form).status_code == code


def test_of_two_who_draw_at_once_the_second_is_told(site):
    site.add("shared")
    seen = camera_of(site.store, "shared").digest
    keep_zones(site.store, "shared", (Zone("counter", ((0, 0), (9, 0), (9, 9))),))
    answer = site.draw("shared", [("entrance", TRIANGLE)], seen)
    assert (answer.status_code, "was changed meanwhile" in answer.text) == (409, True)
    assert "<h1>The camera was changed meanwhile</h1>" in answer.text and "faster" not in answer.text
    assert camera_of(site.store, "shared").camera.zones[0].name == "counter"


def test_a_calibrated_camera_keeps_its_lens_and_floor(site):
    site.add("lens")
    path = site.store.home / "cameras" / "lens.yaml"
    before = load_camera(path)
    site.draw("lens", [("counter", TRIANGLE)])
    assert msgspec.structs.replace(load_camera(path), zones=()) == before


def test_a_damaged_file_is_shown_and_can_be_removed(site):
    (site.store.home / "cameras" / "odd.yaml").write_text("size_px: [<b>]", "utf-8")
    assert "cannot be read" in site.client.get("/admin/cameras").text
    page = site.client.get("/admin/cameras/odd").text
    assert "no camera file" in page and str(site.store.home) not in page
    assert site.draw("odd", [("counter", TRIANGLE)]).status_code == 422
    assert site.send("/admin/cameras/odd", do="remove").status_code == 303


def test_an_upload_takes_the_camera_as_it_is_now(site):
    site.add("gate")
    with CLIP.open("rb") as file:
        made, _ = bring(site.store, "ana", "visit.mp4", file, ["counter-en"], camera="gate")
    kept = uploads_folder(site.store) / made.id / CAMERA
    site.draw("gate", [("counter", TRIANGLE)])
    assert load_camera(kept).zones == ()
    for name in ("nowhere", "../x"):
        with CLIP.open("rb") as file, pytest.raises(Exception, match="no camera"):
            bring(site.store, "ana", "visit.mp4", file, ["counter-en"], camera=name)


def near(*points):
    """These corners, as a pointer hits them: the picture lies on half pixels of the screen."""
    return [tuple(pytest.approx(side, abs=1) for side in point) for point in points]


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None or not BUNDLE.is_file(), reason="no Chromium, or make web is to be run")
def test_zones_are_drawn_by_mouse_and_by_keys(chromium, site):
    site.add("drawn")
    with served(site.app) as address:
        page = chromium.new_page(locale="en-US")
        problems = []
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        enter(page, f"{address}/login?next=/admin/cameras/drawn", "ana", PASSWORD)
        # With the picture that the canvas lies on.
        page.wait_for_url("**/admin/cameras/drawn")
        canvas = page.locator("[data-canvas]")
        box = canvas.bounding_box()
        wide, _ = camera_of(site.store, "drawn").camera.size_px
        one_px = box["width"] / wide
        for x, y in ((40, 40), (200, 40), (200, 160)):
            canvas.click(position={"x": x * one_px, "y": y * one_px})
        corners = page.locator("#corners-1")

        def points():
            return [tuple(map(int, one.split(","))) for one in corners.input_value().split()]

        assert points() == near((40, 40), (200, 40), (200, 160))
        # A corner is dragged, another moved by keys, one added and one removed by them.
        page.mouse.move(box["x"] + 200 * one_px, box["y"] + 160 * one_px)
        page.mouse.down()
        page.mouse.move(box["x"] + 220 * one_px, box["y"] + 170 * one_px, steps=4)
        page.mouse.up()
        assert points() == near((40, 40), (200, 40), (220, 170))
        first, *others = points()
        page.locator("[data-canvas] circle").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowUp")
        moved = (first[0] + 10, first[1] - 1)
        assert points() == [moved, *others]
        said = page.locator("[data-said]").inner_text()
        assert said.endswith(f"corner 1/3: {moved[0]}, {moved[1]}")
        page.keyboard.press("Enter")
        assert points() == [moved, *near((125, 40)), *others]
        page.keyboard.press("Delete")
        page.get_by_role("button", name="Keep the zones").press("Enter")
        page.wait_for_selector(".notice")
        page.close()
    [zone] = camera_of(site.store, "drawn").camera.zones
    assert (zone.name, zone.corners_px) == ("counter", (moved, *others))
    assert problems == []


def test_a_program_is_given_the_picture_to_draw_on_and_that_is_logged(site):
    from audit.tokens import TokenScope, add_token

    secret, made = add_token(site.store, "ana", [TokenScope.ADMIN, TokenScope.REVIEW])
    sent, client = {"Authorization": f"Bearer {secret}"}, site.app.test_client()
    assert (
        client.put(
            "/api/v1/cameras/gate", headers=sent, json={"zones": [], "size_px": [640, 360]}
        ).status_code
        == 200
    )
    [video] = client.get("/api/v1/cameras/gate/videos", headers=sent).json["items"]
    assert video["id"] == site.video.id
    address = f"/api/v1/cameras/gate/videos/{site.video.id}/picture"
    answer = client.get(f"{address}?at_s=1", headers=sent)
    assert (answer.status_code, answer.mimetype, answer.data[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert entries(site.store, 1, action="view", subject=site.video.id)[0].origin.startswith(
        f"token {made.number} at "
    )
    # It has faces: a token for the cameras alone is not enough, nor is an account that is no admin's.
    add_user(site.store, "rita", PASSWORD, UserRole.REVIEWER)
    for name, scope in (("ana", TokenScope.ADMIN), ("rita", TokenScope.REVIEW)):
        other = {"Authorization": f"Bearer {add_token(site.store, name, [scope])[0]}"}
        assert client.get(address, headers=other).status_code == 403
    for wrong in (address.replace(site.video.id, site.call.id), address.replace("gate", "none")):
        assert client.get(wrong, headers=sent).status_code == 404
    assert client.get(f"{address}?at_s=121", headers=sent).status_code == 400
    assert client.delete("/api/v1/cameras/gate", headers=sent).status_code == 204


def test_a_program_lists_draws_and_removes_cameras(site):
    from audit.tokens import TokenScope, add_token

    secret = add_token(site.store, "ana", tuple(TokenScope))[0]
    sent = {"Authorization": f"Bearer {secret}"}
    client = site.app.test_client()
    zones = [{"name": "entrance", "corners_px": [[0, 0], [9, 0], [9, 9]]}]
    new = client.put("/api/v1/cameras/yard", headers=sent, json={"zones": zones})
    assert new.status_code == 404
    new = client.put("/api/v1/cameras/yard", headers=sent, json={"zones": zones, "size_px": [640, 360]})
    assert (new.status_code, new.json["zones"], new.json["source"]) == (200, zones, "assumed")
    assert client.put("/api/v1/cameras/yard", headers=sent, json={"zones": []}).json["zones"] == []
    assert "yard" in [one["name"] for one in client.get("/api/v1/cameras", headers=sent).json["items"]]
    assert client.delete("/api/v1/cameras/yard", headers=sent).status_code == 204
    assert client.delete("/api/v1/cameras/yard", headers=sent).status_code == 404
