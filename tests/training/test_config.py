"""`photochrom.training.config`: recipes are read strictly, and written so that they come back."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import PhotochromError, RecipeError
from photochrom.training.config import (
    Recipe,
    load_recipe,
    recipe_from_dict,
    recipe_to_dict,
    recipe_to_toml,
)
from photochrom.training.tables import (
    AgeConfig,
    DataConfig,
    HintConfig,
    LossConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))

RECIPE = """
[data]
train = ["photos"]
crop_area = [0.3, 1]

[optim]
lr = 0.01
"""


@pytest.fixture
def recipe_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


# The recipes that come with the package


def test_there_are_recipes():
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_loads(path):
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {field.name for field in dataclasses.fields(Recipe)} >= written.keys()


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_survives_being_written(path, tmp_path):
    recipe = load_recipe(path)
    (tmp_path / "copy.toml").write_text(recipe_to_toml(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "copy.toml") == recipe


# Reading


def test_what_is_not_named_has_its_default(recipe_path):
    recipe = load_recipe(recipe_path)
    assert recipe == Recipe(
        name="mine",
        data=DataConfig(train=("photos",), crop_area=(0.3, 1.0)),
        optim=OptimConfig(lr=0.01),
    )


def test_name_in_the_file_wins(recipe_path):
    recipe_path.write_text('name = "other"\n' + RECIPE, encoding="utf-8")
    assert load_recipe(recipe_path).name == "other"


def test_int_is_taken_where_float_is_wanted(recipe_path):
    recipe = load_recipe(recipe_path, ["optim.lr=1", "train.checkpoint_minutes=2"])
    assert recipe.data.crop_area == (0.3, 1.0)
    for number in (recipe.data.crop_area[1], recipe.optim.lr, recipe.train.checkpoint_minutes):
        assert type(number) is float


def test_recipes_are_frozen_and_equal_by_value():
    assert Recipe(name="a") == Recipe(name="a") != Recipe(name="b")
    parts = (DataConfig, ModelConfig, LossConfig, HintConfig, AgeConfig, OptimConfig, TrainConfig)
    for config in (Recipe(name="a"), *(part() for part in parts)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            config.name = "b"


@pytest.mark.parametrize(
    ("override", "table", "key", "value"),
    [
        ("train.epochs=3", "train", "epochs", 3),
        ("optim.lr=1e-4", "optim", "lr", 1e-4),
        ("optim.lr = 0.5", "optim", "lr", 0.5),
        ("optim.name=sgd", "optim", "name", "sgd"),
        ('optim.name="sgd"', "optim", "name", "sgd"),
        ("train.precision=bf16-mixed", "train", "precision", "bf16-mixed"),
        ("model.encoder_weights=runs/a b/last.pt", "model", "encoder_weights", "runs/a b/last.pt"),
        ("model.domain=cats = dogs", "model", "domain", "cats = dogs"),
        ("data.flip=false", "data", "flip", False),
        ("data.crop_area=[0.2, 0.9]", "data", "crop_area", (0.2, 0.9)),
        ('data.train=["a", "flowers102:train"]', "data", "train", ("a", "flowers102:train")),
        ("data.cache=", "data", "cache", ""),
    ],
)
def test_set_changes_one_value(override, table, key, value, recipe_path):
    before, after = load_recipe(recipe_path), load_recipe(recipe_path, [override])
    changed = dataclasses.replace(getattr(before, table), **{key: value})
    assert after == dataclasses.replace(before, **{table: changed})


def test_set_makes_a_table_that_the_file_lacks(tmp_path):
    (tmp_path / "empty.toml").touch()
    recipe = load_recipe(tmp_path / "empty.toml", ["train.seed=7", "train.batch=4", "name=mine"])
    assert recipe == Recipe(name="mine", train=TrainConfig(seed=7, batch=4))


def test_the_last_set_wins(recipe_path):
    assert load_recipe(recipe_path, ["train.seed=1", "train.seed=2"]).train.seed == 2


# Writing


texts = st.text(st.characters(codec="utf-8"), max_size=20)
positive = st.floats(1e-12, 1e12)
recipes = st.builds(
    Recipe,
    name=texts,
    data=st.builds(
        DataConfig,
        train=st.lists(texts, min_size=1, max_size=3).map(tuple),
        crop_area=st.tuples(st.floats(1e-6, 0.5), st.floats(0.5, 1)),
        validation_share=st.floats(1e-9, 0.999),
        crop_px=st.integers(16, 10**9),
        flip=st.booleans(),
        cache=texts,
    ),
    model=st.builds(
        ModelConfig,
        kind=st.sampled_from(["autoencoder", "resnet18-gray"]),
        frozen=st.lists(texts, max_size=3).map(tuple),
        decoder_channels=st.tuples(*[st.integers(1, 100).map(lambda n: 4 * n)] * 4),
        temperature=positive,
    ),
    loss=st.builds(LossConfig, rarity=st.floats(0, 1), neighbors=st.integers(1, 16)),
    hints=st.builds(
        HintConfig,
        many_share=st.floats(0, 0.4),
        stop=st.floats(0.01, 0.99),
        patch_px=st.tuples(st.integers(1, 5), st.integers(5, 30)),
    ),
    age=st.builds(AgeConfig, share=st.floats(0, 1), border_share=st.floats(0, 1)),
    optim=st.builds(OptimConfig, lr=positive, weight_decay=positive, ema=st.floats(0, 0.9999)),
    train=st.builds(
        TrainConfig,
        epochs=st.integers(1, 10**6),
        checkpoint_minutes=st.one_of(positive, st.just(float("inf"))),
    ),
)


@given(recipes)
def test_any_recipe_survives_dict_and_toml(recipe):
    assert recipe_from_dict(recipe_to_dict(recipe)) == recipe
    assert recipe_from_dict(tomllib.loads(recipe_to_toml(recipe))) == recipe


def test_dict_is_plain_and_complete():
    plain = recipe_to_dict(Recipe(name="a"))
    assert plain["name"] == "a"
    assert plain["data"]["train"] == ["flowers102:train+val"]
    for table, kind in (
        ("data", DataConfig),
        ("model", ModelConfig),
        ("loss", LossConfig),
        ("hints", HintConfig),
        ("age", AgeConfig),
        ("optim", OptimConfig),
        ("train", TrainConfig),
    ):
        assert list(plain[table]) == [field.name for field in dataclasses.fields(kind)]


# Errors


@pytest.mark.parametrize(
    ("table", "found", "nearest"),
    [
        ({"optim": {"weight_decai": 1}}, "optim.weight_decai", "optim.weight_decay"),
        ({"train": {"epoch": 3}}, "train.epoch", "train.epochs"),
        ({"data": {"crop_p": 3}}, "data.crop_p", "data.crop_px"),
        ({"hints": {"many": 0.1}}, "hints.many", "hints.many_share"),
        ({"modle": {}}, "modle", "model"),
    ],
)
def test_unknown_key_names_the_nearest(table, found, nearest):
    with pytest.raises(RecipeError) as caught:
        recipe_from_dict({"name": "a", **table})
    assert f"unknown key '{found}'; the nearest known one is '{nearest}'" in str(caught.value)


def test_unknown_key_that_is_near_none_lists_all():
    with pytest.raises(RecipeError, match=r"Known here: clip_norm, ema, .*, weight_decay\."):
        recipe_from_dict({"name": "a", "optim": {"xyz": 1}})


def test_unknown_set_names_the_nearest(recipe_path):
    with pytest.raises(RecipeError, match=r"unknown key 'optim\.lrr'.*'optim\.lr'"):
        load_recipe(recipe_path, ["optim.lrr=1"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epochs=many", r"'train\.epochs' is 'many'; expected a value of type int"),
        ("train.epochs=2.5", r"'train\.epochs' is 2\.5; expected a value of type int"),
        ("train.epochs=true", r"'train\.epochs' is True; expected a value of type int"),
        ("optim.lr=false", r"'optim\.lr' is False; expected a value of type float"),
        ("optim.lr=[1]", r"'optim\.lr' is \[1\]; expected a value of type float"),
        ("data.flip=1", r"'data\.flip' is 1; expected a value of type bool"),
        (
            "data.train=photos",
            r"'data\.train' is 'photos'; expected a value of type " r"tuple\[str, \.\.\.\]",
        ),
        ("data.train=[1]", r"'data\.train' is 1; expected a value of type str"),
        ("data.crop_area=[1]", r"'data\.crop_area' is \[1\]; expected .* tuple\[float, float\]"),
        ("model.domain=3", r"'model\.domain' is 3; expected a value of type str"),
        ("optim.name=lion", r"'optim\.name' is 'lion'; it must be one of 'adam', 'adamw', 'sgd'"),
        ("model.kind=[]", r"'model\.kind' is \[\]; it must be one of 'autoencoder'"),
        ("optim=3", r"'optim' must be a table, as in \[optim\]"),
        ("name=3", r"'name' is 3; expected a value of type str"),
        ("name.of=3", r"'name' is a value, not a table"),
        ("optim.lr", r"optim\.lr: write it as table\.key=value"),
    ],
)
def test_wrong_value_says_what_was_found_and_wanted(override, message, recipe_path):
    recipe_path.write_text('name = "mine"\n' + RECIPE, encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_path, [override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.train=[]", r"data\.train names no source"),
        ("data.validation_share=0", r"data\.validation_share must lie between 0 and 1"),
        ("data.validation_share=1", r"data\.validation_share must lie between 0 and 1"),
        ("data.validation_limit=0", r"data\.validation_limit must be above 0"),
        ("data.crop_px=15", r"data\.crop_px must be at least 16"),
        ("data.crop_area=[0.9, 0.5]", r"data\.crop_area must rise"),
        ("train.finish_epochs=11", r"train\.finish_epochs wants a data\.finish_crop_px"),
        ("model.temperature=0", r"model\.temperature must be above 0"),
        ("model.decoder_channels=[0, 4, 4, 4]", r"model\.decoder_channels must be at least 4"),
        ("model.decoder_channels=[4, 6, 8, 8]", r"model\.decoder_channels must be multiples of 4"),
        ("loss.positions=-1", r"loss\.positions must be 0 or more"),
        ("loss.neighbors=17", r"loss\.neighbors must be 1 to 16"),
        ("loss.sigma=0", r"loss\.sigma must be above 0"),
        ("loss.rarity=1.1", r"loss\.rarity must lie in 0\.\.1"),
        ("loss.mean_weight=-1", r"loss\.mean_weight must be 0 or more"),
        ("hints.recolored_share=0.9", r"the shares in \[hints\] must be parts of 1"),
        ("hints.many_share=-0.1", r"the shares in \[hints\] must be parts of 1"),
        ("hints.stop=0", r"hints\.stop must lie between 0 and 1"),
        ("hints.most=15", r"hints\.most must be at least 16"),
        ("hints.patch_px=[3, 2]", r"hints\.patch_px must rise from 1"),
        ("loss.picture_weight=-1", r"loss\.picture_weight must be 0 or more"),
        ("loss.critic_weight=-1", r"loss\.critic_weight must be 0 or more"),
        ("model.chroma=3.0", r"model\.chroma must lie in 0\.5\.\.2"),
        ("model.contrast=-1.1", r"model\.contrast must lie in -1\.\.1"),
        ("model.dropout=1.0", r"model\.dropout must be at least 0 and below 1"),
        ("model.drop_path=1.0", r"model\.drop_path must be at least 0 and below 1"),
        ("age.share=-0.1", r"the shares in \[age\] must lie in 0\.\.1"),
        ("age.border_share=1.5", r"the shares in \[age\] must lie in 0\.\.1"),
        ("optim.encoder_lr=-1", r"optim\.encoder_lr must be 0 or more"),
        ("data.crop_area=[0.0, 0.5]", r"data\.crop_area must rise"),
        ("data.crop_area=[0.5, 1.1]", r"data\.crop_area must rise"),
        ("data.rotation=-1.0", r"data\.rotation must lie in 0\.\.45"),
        ("data.rotation=46.0", r"data\.rotation must lie in 0\.\.45"),
        ("data.crop_ratio=[2.0, 0.5]", r"data\.crop_ratio must rise"),
        ("data.store_side_px=8", r"data\.store_side_px must be at least 16"),
        ("data.workers=-1", r"data\.workers must be 0 or more"),
        ("optim.lr=0", r"optim\.lr must be above 0"),
        ("optim.lr=-0.1", r"optim\.lr must be above 0"),
        ("optim.lr=nan", r"optim\.lr must be above 0"),
        ("optim.ema=1", r"optim\.ema must be at least 0 and below 1"),
        ("optim.weight_decay=-1", "optim: below 0"),
        ("optim.warmup_steps=-1", "optim: below 0"),
        ("optim.clip_norm=-1", "optim: below 0"),
        ("train.epochs=0", r"train\.epochs must be above 0"),
        ("train.batch=0", r"train\.batch \(0\) must be a multiple"),
        ("optim.label_smoothing=1", r"optim\.label_smoothing must be at least 0"),
        ("train.devices=0", r"train\.devices, num_nodes and accumulate: above 0"),
        ("train.num_nodes=0", r"train\.devices, num_nodes and accumulate: above 0"),
        ("train.accumulate=0", r"train\.devices, num_nodes and accumulate: above 0"),
        ("train.accumulate=3", r"train\.batch \(128\) must be a multiple .* \(3\)"),
        ("train.seed=-1", r"train\.seed must be 0 or more"),
    ],
)
def test_value_out_of_range_is_an_error(override, message, recipe_path):
    with pytest.raises(RecipeError, match=f"Recipe 'mine': .*{message}"):
        load_recipe(recipe_path, [override])


@pytest.mark.parametrize("key", ["crop_px=100", "finish_crop_px=100"])
def test_crops_of_a_photochrom_fit_its_encoder(key, recipe_path):
    load_recipe(recipe_path, [f"data.{key}"])
    with pytest.raises(RecipeError, match=r"crop_px .* of a photochrom must be multiples of 32"):
        load_recipe(recipe_path, ["model.kind=photochrom", f"data.{key}"])


def test_the_last_epochs_are_epochs_of_the_run(recipe_path):
    with pytest.raises(RecipeError, match=r"train\.finish_epochs: 0 to train\.epochs"):
        load_recipe(recipe_path, ["data.finish_crop_px=64", "train.finish_epochs=11"])


def test_ranges_hold_for_recipes_made_in_code():
    with pytest.raises(RecipeError, match=r"train\.epochs"):
        Recipe(name="a", train=TrainConfig(epochs=0))


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(RecipeError, match=r"gone\.toml: the recipe can't be read \(No such file"):
        load_recipe(tmp_path / "gone.toml")


@pytest.mark.parametrize("content", [b"[data\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_file_that_is_no_toml_is_an_error(content, tmp_path):
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(
        RecipeError, match=r"bad\.toml: (this is not valid TOML|the recipe can.t be read)"
    ):
        load_recipe(tmp_path / "bad.toml")


def test_dict_without_a_name_is_an_error():
    with pytest.raises(RecipeError, match="no 'name'"):
        recipe_from_dict({})


def test_recipe_error_is_an_error_of_the_package():
    assert issubclass(RecipeError, PhotochromError)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 50_000,
        "x = {" * 3000,
        "[a" + ".a" * 5000 + "]",
        "a = " + "9" * 5000,
        "\0",
        "[optim]\nlr = " + "9" * 400,
        "[optim]\nlr = []",
        "data = 1",
    ],
    ids=lambda text: f"{text[:8]!r}",
)
def test_odd_files_are_a_recipe_error(text, tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(RecipeError):
        load_recipe(path)
