"""Measures pauses in a call of two aligned files, the ground of the time constants in speech and timing.

bench/pauses.py AGENT CUSTOMER [--json]
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np

from models import media
from models.activity import detect_activity
from models.observations import union
from models.sound import Sound


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("agent", type=Path)
    parser.add_argument("customer", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tracks = [media.decode(path).sound.read()[0] for path in (arguments.agent, arguments.customer)]
    length = min(map(len, tracks))
    activity = detect_activity(Sound.of(np.stack([track[:length] for track in tracks])))
    within: list[float] = []
    for one, other in (activity, activity[::-1]):
        for before, after in itertools.pairwise(one.spans):
            if not any(s.start_s < after.start_s and s.end_s > before.end_s for s in other.spans):
                within.append(after.start_s - before.end_s)
    together = union(sorted(s for active in activity for s in active.spans))
    silences = [after.start_s - before.end_s for before, after in itertools.pairwise(together)]
    figures = {
        "pauses_within_turns": len(within),
        **{
            f"within_below_{limit}_s": round(float(np.mean(np.array(within) < limit)), 2)
            for limit in (0.7, 1.0, 1.5)
        },
        "silences": len(silences),
        "silences_below_3_s": round(float(np.mean(np.array(silences) < 3)), 2),
    }
    print(json.dumps(figures) if arguments.json else figures)


if __name__ == "__main__":
    main()
