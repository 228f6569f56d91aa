import pytest

from audit.quantities import BadQuantity, parse_quantity, show


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("15 s", 15, "s"),
        ("2min", 120, "s"),
        ("1.5 h", 5400, "s"),
        ("250 ms", 0.25, "s"),
        ("90 %", 90, "%"),
        ("160 wpm", 160, "wpm"),
        ("240 spm", 240, "spm"),
        ("-23 LUFS", -23, "LUFS"),
        ("10 db", 10, "dB"),
        ("-3 dB", -3, "dB"),
        ("120 Hz", 120, "Hz"),
        ("5 semitones", 5, "semitones"),
        ("2 turns", 2, "turns"),
        (3, 3, "times"),
    ],
)
def test_numbers_carry_units(written, value, unit):
    quantity = parse_quantity(written)
    assert (quantity.value, quantity.unit) == (value, unit)


@pytest.mark.parametrize(
    "written", ["15 miles", "soon", "-3 s", "-3 Hz", "-1e9 dB", "", True, None, "1e9 s", "3 s 4"]
)
def test_what_is_no_quantity_is_refused(written):
    with pytest.raises(BadQuantity, match="is not a number with a unit"):
        parse_quantity(written)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.14159, "s", "3.1 s"),
        (100, "s", "1 min 40 s"),
        (52.6, "%", "53 %"),
        (0.25, "%", "0.2 %"),
        (0, "%", "0 %"),
        (-22.96, "LUFS", "-23.0 LUFS"),
        (9.6, "dB", "10 dB"),
        (121.4, "Hz", "121 Hz"),
        (6.25, "semitones", "6.2 semitones"),
        (1, "times", "1 time"),
        (0, "times", "0 times"),
    ],
)
def test_values_are_rounded_for_people(value, unit, text):
    assert show(value, unit) == text
