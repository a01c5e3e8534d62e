"""What two scans must share, and that a header's words about a person do not get into it."""

import pytest

from tests.scans_of_one_machine import scan
from vbqkit.errors import FormatError
from vbqkit.scan_protocol import ITEMS, ScanProtocol


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vendor": "Siemens"}, "manufacturer: GE here, Siemens there"),
        ({"coil": "Body"}, "coil: Spine 8 here, Body there"),
        ({"field_t": 3.0}, "field strength: 1.5 T here, 3 T there"),
        ({"tr_ms": 700.0}, "TR: 600 ms here, 700 ms there"),
        ({"averages": None}, "averages: 2 here, not stated there"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "NORM")}, "filters and corrections: not stated here, NORM there"),
    ],
)
def test_a_difference_is_said_with_both_values(changes, words):
    found = ScanProtocol.of(scan()).differences(ScanProtocol.of(scan(**changes)))
    assert [str(one) for one in found] == [words]


def test_pixels_of_another_size_differ_and_rounding_does_not():
    one = ScanProtocol.of(scan())
    assert {d.item.name for d in one.differences(ScanProtocol.of(scan(0.9)))} == {"row_mm", "col_mm"}
    assert one.differences(ScanProtocol.of(scan(field_t=1.494, tr_ms=605.0, vendor="ge "))) == ()


def test_every_item_is_a_field_that_is_compared():
    for item in ITEMS:
        one, two = ScanProtocol({item.name: "A"}), ScanProtocol({item.name: "B"})
        assert [d.item for d in one.differences(two)] == [item]
        assert one.differences(two, kinds=[item.kind])
        assert not one.differences(two, kinds=[])


def test_a_name_in_the_coil_is_not_kept_and_still_told_apart():
    one, two = (ScanProtocol.of(scan(coil=text)) for text in ("NOVAKOVA OLGA", "NOVAKOVA JANA"))
    assert "NOVAKOVA" not in str(one.as_json())
    assert one.differences(two)
    assert not one.differences(ScanProtocol.of(scan(coil="NOVAKOVA OLGA")))


def test_it_comes_back_from_json_and_damage_is_refused():
    one = ScanProtocol.of(scan(), coil="Torso")
    assert ScanProtocol.from_json(one.as_json(), "x").differences(one) == ()
    assert one.values["coil"] == "Torso"
    for bad, words in (([], "an object was expected"), ({"age": 3}, "not known"), ({"tr_ms": {}}, "tr_ms")):
        with pytest.raises(FormatError, match=words):
            ScanProtocol.from_json(bad, "x")


def test_what_is_needed_and_not_stated_is_named():
    assert ScanProtocol.of(scan(coil=None, tr_ms=None)).missing() == ("coil", "TR")
