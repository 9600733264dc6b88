"""Which frames the network is asked about."""

from types import SimpleNamespace

import numpy as np

from photochrom.video.keys import spread


def looks(trust):
    """Frames into which the motion is trusted so far."""
    return [SimpleNamespace(trust_past=np.full((4, 6), one, np.float16)) for one in trust]


def test_keys_are_farther_apart_where_the_motion_is_trusted():
    assert spread(looks([0, *[0.97] * 19]), 4) == [0, 8, 16, 19]
    assert spread(looks([0, *[0.6] * 19]), 4) == [0, 4, 8, 12, 16, 19]
    assert spread(looks([0, *[0.97] * 8, 0, *[0.97] * 8, 0.97]), 4) == [0, 8, 12, 16, 18]


def test_short_shots_have_a_first_and_a_last_key():
    assert spread(looks([0]), 4) == [0]
    assert spread(looks([0, 0.9, 0.9]), 4) == [0, 2]
    assert spread(looks([0, *[0.97] * 3]), 1) == [0, 2, 3]
