"""What a film's file states."""

import pytest

from photochrom.errors import FilmReadError
from photochrom.video.container import ends_inside_packet

PACKET = b"\x47" + bytes(range(1, 70)) + bytes(118)


@pytest.mark.parametrize(
    "packet", [PACKET, b"time" + PACKET, PACKET + bytes(16)], ids=["plain", "times", "parity"]
)
@pytest.mark.parametrize("left", [0, 1, 70, 187])
def test_a_transport_stream_that_was_cut_off_ends_inside_a_packet(tmp_path, packet, left):
    path = tmp_path / "a.ts"
    path.write_bytes(b"other" + packet * 40 + packet[:left])
    assert ends_inside_packet(path) == (left > 0)


@pytest.mark.parametrize("data", [b"", PACKET, PACKET * 3 + b"cut", PACKET * 40 + bytes(4000)])
def test_where_no_packets_are_found_nothing_is_said(tmp_path, data):
    path = tmp_path / "a.ts"
    path.write_bytes(data)
    assert not ends_inside_packet(path)


def test_a_file_that_is_gone_is_refused(tmp_path):
    with pytest.raises(FilmReadError, match="can't be read as a film"):
        ends_inside_packet(tmp_path / "none.ts")
