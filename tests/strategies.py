"""What Hypothesis draws from, where several tests draw it."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def colors(low, high):
    """Arrays (..., 3) of up to two leading axes, which may be empty."""
    return hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=6).map(lambda s: (*s, 3)),
        elements=st.floats(low, high, width=32),
    )
