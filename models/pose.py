"""MediaPipe's 33 pose landmarks by number, left and right of the person, and when one counts as seen."""

NOSE, EARS = 0, (7, 8)
HEAD = range(11)
"""Nose, eyes, ears and mouth."""

SHOULDERS, ELBOWS, WRISTS = (11, 12), (13, 14), (15, 16)
FINGERS = ((15, 17, 19, 21), (16, 18, 20, 22))
"""Wrist, little finger, index finger and thumb of the left and of the right hand."""

HIPS, KNEES = (23, 24), (25, 26)
FEET = (29, 30, 31, 32)
"""Heels and toes."""

VISIBLE = 0.5
"""A landmark counts as seen from this visibility on: the middle of MediaPipe's scale, 0..1. Our choice."""
