"""Mixing the weights of checkpoints: the mean that was asked for, whole or not at all."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import pytest

torch = pytest.importorskip("torch")

from photochrom.errors import CheckpointError, OutputExistsError
from photochrom.models.file import read_contract
from photochrom.training.config import recipe_from_dict
from photochrom.training.export import PARITY_LIMIT, export, load_model
from photochrom.training.mix import mix
from photochrom.training.run_folder import load_checkpoint, save_checkpoint

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("fast_exporter")]


@pytest.fixture(scope="module")
def parts(hint_checkpoint, tmp_path_factory):
    """Three checkpoints of one kind: as it was, moved, and moved with a critic's weights."""
    folder = tmp_path_factory.mktemp("parts")
    content = load_checkpoint(hint_checkpoint)
    own = content["average"] or content["model"]
    paths = []
    for number in range(3):
        weights = {
            key: value + number if value.is_floating_point() else value
            for key, value in own.items()
        }
        if number == 2:
            weights["critic.verdict.1.bias"] = torch.ones(1)
        paths.append(folder / f"{number}.ckpt")
        table = {**content, "model": own, "average": weights, "classes": [str(number)]}
        save_checkpoint(table, paths[-1])
    return own, paths


def test_weights_are_a_mean_by_parts_and_all_else_is_the_first_s(parts, tmp_path):
    own, (zero, one, two) = parts
    for number, (asked, moved) in enumerate(
        [
            ([(zero, 1.0)], 0),
            ([(zero, 3.0), (one, 1.0)], 0.25),
            ([(one, 1), (zero, 1), (two, 2)], 1.25),
        ]
    ):
        mix(asked, tmp_path / f"{number}.ckpt")
        found = load_checkpoint(tmp_path / f"{number}.ckpt")
        assert found["classes"] == load_checkpoint(asked[0][0])["classes"]
        assert found["average"] is None
        assert found["model"].keys() == own.keys()
        for key in ("head.weight", "encoder.conv_stem.weight"):
            torch.testing.assert_close(found["model"][key], own[key] + moved)


def test_a_critic_is_the_first_s_and_need_not_be_there(parts, tmp_path):
    own, (zero, _, two) = parts
    for number, asked in enumerate([[(two, 1), (zero, 1)], [(zero, 1), (two, 1)]]):
        mix(asked, tmp_path / f"{number}.ckpt")
        found = load_checkpoint(tmp_path / f"{number}.ckpt")["model"]
        torch.testing.assert_close(found["head.bias"], own["head.bias"] + 1)
        expected = {0: torch.ones(1), 1: None}[number]
        assert found.get("critic.verdict.1.bias") == expected


def test_a_mix_can_be_exported_and_says_what_it_is_made_of(finished_run, tmp_path):
    mix(
        [(finished_run / "best.ckpt", 1.0), (finished_run / "last.ckpt", 2.0)],
        tmp_path / "mixed.ckpt",
    )
    assert export(tmp_path / "mixed.ckpt", tmp_path / "mixed.onnx") < PARITY_LIMIT
    assert read_contract(tmp_path / "mixed.onnx").recipe["mixed"] == [
        {"checkpoint": "best.ckpt", "share": 0.3333},
        {"checkpoint": "last.ckpt", "share": 0.6667},
    ]


def test_a_mix_of_hint_networks_is_one(hint_checkpoint, tmp_path):
    """What is exported of it is what `load_model` gives."""
    mix([(hint_checkpoint, 1.0), (hint_checkpoint, 2.0)], tmp_path / "mixed.ckpt")
    lightness = torch.rand(1, 1, 64, 96, generator=torch.Generator().manual_seed(0)) * 100
    answers = []
    for path in (hint_checkpoint, tmp_path / "mixed.ckpt"):
        state = load_checkpoint(path)
        with torch.no_grad():
            answers.append(load_model(state, recipe_from_dict(state["recipe"])).predict(lightness))
    torch.testing.assert_close(answers[1], answers[0], rtol=1e-3, atol=1e-3)


def test_a_file_that_is_there_stays_unless_replacing_it_is_asked_for(parts, tmp_path):
    out = tmp_path / "mixed.ckpt"
    out.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match=r"mixed\.ckpt: the file already exists"):
        mix([(parts[1][0], 1.0)], out)
    assert out.read_bytes() == b"precious"
    mix([(parts[1][0], 1.0)], out, force=True)
    assert load_checkpoint(out)["classes"] == ["0"]
    assert list(tmp_path.iterdir()) == [out]


def test_other_layers_are_refused(parts, tmp_path):
    content = load_checkpoint(parts[1][0])
    for name, changed in [
        ("fewer", {"average": {"head.bias": torch.zeros(1)}}),
        ("larger", {"average": {**content["average"], "head.bias": torch.zeros(3)}}),
    ]:
        save_checkpoint({**content, **changed}, tmp_path / f"{name}.ckpt")
        with pytest.raises(
            CheckpointError, match=rf"{name}\.ckpt: its layers are not those of .*0\.ckpt"
        ):
            mix([(parts[1][0], 1.0), (tmp_path / f"{name}.ckpt", 1.0)], tmp_path / "out.ckpt")
    assert not (tmp_path / "out.ckpt").exists()


@pytest.mark.parametrize("shares", [(), (1.0, 0.0), (-1.0,), (float("inf"),), (float("nan"),)])
def test_shares_that_mean_nothing_are_refused(parts, tmp_path, shares):
    with pytest.raises(ValueError, match="expected at least one, and each above 0"):
        mix([(parts[1][0], share) for share in shares], tmp_path / "out.ckpt")
    assert list(tmp_path.iterdir()) == []
