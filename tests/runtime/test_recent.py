"""`photochrom.runtime.recent`."""

from photochrom.runtime.recent import Recent


def test_the_longest_unused_goes_first():
    recent = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


def test_a_value_is_made_once():
    recent, made = Recent(2), []
    for _ in range(3):
        assert recent.once("a", lambda: made.append(1) or 7) == 7
    assert len(made) == 1


def test_what_has_unwanted_keys_is_dropped():
    recent = Recent(3)
    for key in ("a1", "b1", "a2"):
        recent.put(key, key)
    recent.drop(lambda key: key.startswith("a"))
    assert recent.values() == ("b1",)
