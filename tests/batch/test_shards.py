"""`photochrom.batch.shards`: every photograph falls to one shard, the same one everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.batch.shards import Shard
from photochrom.errors import JobError


@given(st.text(), st.integers(1, 50))
def test_every_name_falls_to_exactly_one_shard(name, count):
    assert sum(Shard(index, count).holds(name) for index in range(count)) == 1


def test_a_name_falls_to_the_same_shard_on_every_machine():
    """Values written down once: a change would tear running arrays apart."""
    names = ["album/one.jpg", "album/two.jpg", "ä.png", "scan\udcff.tif"]
    assert [Shard(1, 3).holds(name) for name in names] == [False, True, True, True]


def test_shards_are_about_the_same_size():
    names = [f"in/{number:06}.jpg" for number in range(20_000)]
    sizes = [sum(Shard(index, 8).holds(name) for name in names) for index in range(8)]
    assert sum(sizes) == len(names)
    assert max(abs(size - 2500) for size in sizes) < 5 * 2500**0.5  # five standard deviations


@pytest.mark.parametrize("text", ["", "1", "/", "a/b", "1/2/3", "-1/2", "1.0/2", "²/3"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(JobError, match="is not a shard"):
        Shard.parse(text)


@pytest.mark.parametrize(("text", "last"), [("2/2", "1/2"), ("5/3", "2/3"), ("0/0", "0/1")])
def test_what_lies_beyond_the_last_shard_is_refused(text, last):
    with pytest.raises(JobError, match=f"the last of . is {last}"):
        Shard.parse(text)


def test_text_comes_back():
    assert str(Shard.parse("3/16")) == "3/16"
