"""What is no checkpoint, or holds something else than is wanted, ends in our error."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from photochrom.errors import CheckpointError, RecipeError  # noqa: E402
from photochrom.training.config import recipe_from_dict  # noqa: E402
from photochrom.training.run_folder import load_checkpoint  # noqa: E402

pytestmark = pytest.mark.train


def checkpoint():
    """A checkpoint of a run with one weight."""
    return {
        "version": 1,
        "recipe": {"name": "a", "data": {"train": ["x"]}, "optim": {"lr": 0.1}},
        "classes": ["a", "b"],
        "sources": ["12 pictures"],
        "mean_ab": [[0.0, 1.0]] * 101,
        "model": {"w": torch.zeros(2)},
        "average": None,
        "average_count": 0,
        "optimizer": {"state": {}, "param_groups": []},
        "schedule": {"last_epoch": 1},
        "progression": {
            "epoch": 1,
            "batch": 0,
            "step": 3,
            "seconds": 1.5,
            "best": float("-inf"),
            "rows": [{"epoch": 1}],
            "loss_sum": 0.0,
            "loss_count": 0,
        },
        "rng": torch.get_rng_state(),
    }


def load(content, path):
    torch.save(content, path)
    return load_checkpoint(path, of_run=True)


def test_a_right_one_is_read(tmp_path):
    assert load(checkpoint(), tmp_path / "c")["classes"] == ["a", "b"]


@pytest.mark.parametrize("key", [key for key in checkpoint() if key != "version"])
def test_what_lacks_is_named(key, tmp_path):
    content = checkpoint()
    del content[key]
    with pytest.raises(CheckpointError, match=f"{key} is missing"):
        load(content, tmp_path / "c")


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**63, float("nan"), float("inf"), "x", b"x", (1,), {1: 2}, {"a": 3}]),
    st.lists(st.integers(0, 1), max_size=2),
)


@given(key=st.sampled_from(list(checkpoint())), value=WRONG, within=st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_value_is_read_or_refused_by_our_error(key, value, within, tmp_path):
    content = checkpoint()
    if within and isinstance(content[key], dict):
        content[key] = {**content[key], next(iter(content[key])): value}
    else:
        content[key] = value
    try:
        found = load(content, tmp_path / "c")
    except CheckpointError:
        return
    assert set(found) == set(checkpoint())
    try:
        recipe_from_dict(found["recipe"])
    except RecipeError:
        return


@pytest.mark.parametrize("content", [[], "x", 3, {"version": 1, 2: 3}, {}, torch.zeros(1)])
def test_other_things_are_no_checkpoint(content, tmp_path):
    with pytest.raises(CheckpointError):
        load(content, tmp_path / "c")
