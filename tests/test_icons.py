"""The icons that pages show and those that are built are the same."""

import json
import re
from pathlib import Path

from web.wording import CHANNEL_ICONS, CHANNELS

WEB = Path(__file__).parent.parent / "web"


def test_every_icon_of_a_page_is_built_and_no_other_one():
    built = json.loads((WEB / "ui" / "icons.json").read_text("utf-8"))
    shown = set(CHANNEL_ICONS.values())
    for page in (WEB / "templates").glob("*.html"):
        shown |= set(re.findall(r'icon\("([a-z0-9-]+)"\)', page.read_text("utf-8")))
    assert sorted(shown) == built


def test_every_channel_has_an_icon_of_its_own():
    assert CHANNEL_ICONS.keys() == CHANNELS.keys()
    assert len(set(CHANNEL_ICONS.values())) == len(CHANNELS)
