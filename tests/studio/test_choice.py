"""`photochrom.studio.choice`: visitors of the Studio choose among the models that have names."""

import numpy as np
import pytest

from standins import ddcolor, photograph, zhang

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from photochrom import Colorizer
from photochrom.models import added, adding
from photochrom.models.weights import find_model
from photochrom.pictures import picture
from photochrom.studio.server import create_app

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """A folder of added models, with one."""
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    return tmp_path / "kept"


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer("resnet18-gray", threads=1)


@pytest.fixture
def client(colorizer):
    with TestClient(create_app(colorizer, workers=1), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def data():
    return picture.from_array(photograph(120)).encode("png")


@pytest.fixture
def url(client, data):
    answer = client.post("/v1/pictures", files={"file": ("old.png", data)})
    assert answer.status_code == 201, answer.text
    return f"/v1/pictures/{answer.json()['id']}"


def listed(client):
    answer = client.get("/v1/models").json()
    return {one["name"]: one for one in answer["models"]}, answer["current"]


def refused(answer):
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:photochrom:problem:model"
    return answer.json()["detail"]


def test_all_models_with_names_are_listed_with_what_they_can_t(client):
    found, current = listed(client)
    assert list(found) == ["photochrom", "resnet18-gray", "mine"]
    assert current == "resnet18-gray"
    assert found["photochrom"]["cannot"] == {}
    assert set(found["mine"]["cannot"].values()) == {"colors"}
    assert set(found["mine"]["cannot"]) == {"palette", "reference", "alternatives", "confidence"}
    assert all(len(one["sha256"]) == 64 for one in found.values())
    assert (found["mine"]["like"], found["mine"]["licence"]) == ("ddcolor", "Apache-2.0")


@pytest.mark.parametrize("name", ["mine", "photochrom"])
def test_every_way_of_painting_takes_a_model(name, client, url, data):
    wanted = Colorizer(name, threads=1).colorize(data, provenance=False).srgb()
    order = {"model": name, "size": "full", "format": "png", "provenance": False}
    for answer in (
        client.post(f"{url}/paint", json=order),
        client.post("/v1/colorize", params={"model": name, "provenance": False}, content=data),
    ):
        assert answer.status_code == 200, answer.text
        np.testing.assert_array_equal(picture.read(answer.content).srgb(), wanted)
    preview = picture.read(client.post(f"{url}/paint", json={"model": name}).content).srgb()
    assert np.abs(preview.astype(int) - wanted).mean() < 4
    own = client.post(f"{url}/paint", json=order | {"model": None})
    assert np.abs(picture.read(own.content).srgb().astype(int) - wanted).mean() > 4


def test_a_hash_means_exactly_that_file(client, url, tmp_path):
    found, current = listed(client)
    order = {"size": "full", "format": "png", "provenance": False}
    results = {}
    for name in ("mine", current):
        by_name, by_hash = (
            client.post(f"{url}/paint", json=order | {"model": one})
            for one in (name, found[name]["sha256"])
        )
        results[name] = by_name.content
        same = by_hash.status_code == 200 and by_hash.content == by_name.content
        assert same
    differ = results["mine"] != results[current]
    assert differ
    adding.add(zhang(tmp_path / "other.onnx"), like="eccv16", name="mine", replace=True)
    detail = refused(client.post(f"{url}/paint", json={"model": found["mine"]["sha256"]}))
    assert detail.startswith(f"There is no model with the SHA-256 {found['mine']['sha256']} here")


def test_hints_and_regions_follow_the_model(client, url):
    hint = {"x": 90, "y": 30, "color": "#2040c0", "reach": 1.0}
    sent = {"model": "mine", "size": "full", "format": "png"}
    before, after = (
        picture.read(client.post(f"{url}/paint", json=sent | more).content).srgb().astype(int)
        for more in ({}, {"hints": [hint]})
    )
    moved = (after - before)[30, 90]
    assert moved[2] - moved[0] > 30
    for door in ("region", "traits"):
        answers = [
            client.get(f"{url}/{door}", params={"x": 60, "y": 60, "model": name})
            if door == "region"
            else client.get(f"{url}/{door}", params={"model": name})
            for name in ("mine", "resnet18-gray")
        ]
        assert [one.status_code for one in answers] == [200, 200]
        assert answers[0].content != answers[1].content


def test_what_a_model_can_t_is_refused_by_name(client, url):
    for path, more in (
        ("paint", {"palette": ["#aa3322"]}),
        ("alternatives", {}),
        ("confidence", {}),
    ):
        answer = client.post(f"{url}/{path}", json={"model": "mine"} | more)
        assert answer.status_code == 422
        assert "'mine' answers with colors" in answer.json()["detail"]
    assert client.get(f"{url}/colors", params={"x": 5, "y": 5, "model": "mine"}).status_code == 422
    likely = client.get(f"{url}/colors", params={"x": 5, "y": 5, "model": "photochrom"})
    assert likely.json()["colors"]


def test_a_path_is_no_name(client, url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("theirs.onnx", "./kept/mine.onnx", "kept/mine", "../theirs", "nonsense", ""):
        detail = refused(client.post(f"{url}/paint", json={"model": name}))
        assert "There is no model" in detail


def test_a_model_that_is_removed_meanwhile_is_missed(client, url):
    assert client.post(f"{url}/paint", json={"model": "mine"}).status_code == 200
    adding.remove("mine")
    assert "There is no model 'mine'" in refused(
        client.post(f"{url}/paint", json={"model": "mine"})
    )
    assert "mine" not in listed(client)[0]
    assert client.post(f"{url}/paint", json={}).status_code == 200


def test_a_file_that_is_gone_or_changed_is_said(client, url, kept):
    (kept / "mine.onnx").unlink()
    assert listed(client)[0]["mine"]["fault"] == "gone"
    assert "can't be read" in refused(client.post(f"{url}/paint", json={"model": "mine"}))
    zhang(kept / "mine.onnx")
    detail = refused(client.post(f"{url}/paint", json={"model": "mine"}))
    assert "has changed since it was added" in detail
    assert str(kept) not in detail


def test_a_model_that_is_replaced_meanwhile_is_opened_anew(client, url, tmp_path):
    sent = {"model": "mine", "size": "full", "format": "png"}
    before = client.post(f"{url}/paint", json=sent).content
    other = zhang(tmp_path / "other.onnx")
    adding.add(other, like="eccv16", name="mine", replace=True)
    after = client.post(f"{url}/paint", json=sent).content
    assert (before == after) is False
    wanted = Colorizer("mine", threads=1).colorize(picture.from_array(photograph(120))).srgb()
    np.testing.assert_array_equal(picture.read(after).srgb(), wanted)


def test_the_server_s_own_model_has_a_name_of_its_own(tmp_path, data):
    path = tmp_path / "own.onnx"
    zhang(path)
    with TestClient(
        create_app(Colorizer(path, like="eccv16", threads=1), workers=1),
        base_url="http://127.0.0.1",
    ) as client:
        found, current = listed(client)
        assert current == "own"
        assert found["own"]["licence"] == "BSD-2-Clause"
        assert client.post("/v1/colorize", params={"model": "own"}, content=data).status_code == 200
    zhang(tmp_path / "mine.onnx")  # another of this name was added
    app = create_app(Colorizer(tmp_path / "mine.onnx", like="eccv16", threads=1), workers=1)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        found, current = listed(client)
        assert (current, "mine" in found) == ("mine (file)", True)
        answers = [
            client.post("/v1/colorize", params={"model": name}, content=data)
            for name in ("mine (file)", "mine")
        ]
        assert [one.status_code for one in answers] == [200, 200]
        assert (answers[0].content == answers[1].content) is False


def test_a_copy_of_a_shipped_model_is_that_model(tmp_path):
    path = tmp_path / "copy.onnx"
    path.write_bytes(find_model("resnet18-gray").read_bytes())
    app = create_app(Colorizer(path, threads=1), workers=1)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert listed(client)[1] == "resnet18-gray"


def test_only_a_few_models_are_kept_open(colorizer, tmp_path, data, monkeypatch):
    opened = []

    class Counted(Colorizer):
        def __init__(self, model, **settings):
            opened.append(model)
            super().__init__(model, **settings)

    monkeypatch.setattr("photochrom.studio.server.Colorizer", Counted)
    for name in ("a", "b"):
        adding.add(ddcolor(tmp_path / f"{name}.onnx"), like="ddcolor")
    with TestClient(create_app(colorizer, workers=1), base_url="http://127.0.0.1") as client:
        for name in ("a", "b", "a", "mine", "b", "resnet18-gray"):
            answer = client.post("/v1/colorize", params={"model": name}, content=data)
            assert answer.status_code == 200
    assert opened == ["a", "b", "mine", "b"]


def test_a_model_that_needs_more_memory_than_there_is_is_refused(client, url, monkeypatch):
    monkeypatch.setattr("photochrom.studio.choice.OPENING", 1 << 60)
    answer = client.post(f"{url}/paint", json={"model": "mine"})
    assert answer.status_code == 413
    assert client.post(f"{url}/paint", json={}).status_code == 200
