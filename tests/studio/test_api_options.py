"""`photochrom.studio.api`: each route takes the options that it uses, and refuses all others."""

import functools
import json
from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from photochrom import Colorizer
from photochrom.pictures import picture
from photochrom.runtime.options import Options
from photochrom.studio import api
from photochrom.studio.server import create_app
from served import opened

VALUES = {
    "hints": [{"x": 5, "y": 5, "color": "#c22"}],
    "lock": [{"x": 12, "y": 12, "radius_px": 8}],
    "palette": ["#c22"],
    "lassos": [{"points": [[5, 5], [40, 5], [5, 30]], "warmth": 1}],
    "vividness": 1.5,
    "likeness": 0.5,
    "warmth": 0.5,
    "tint": 0.5,
    "strength": 0.5,
    "alternative": 1,
    "seed": 3,
    "only_gray": True,
    "provenance": False,
    "quality": 50,
    "lossless": True,
    "max_pixels": 1_000_000,
    "allow_damaged": True,
    "reference": "",
    "size": "preview",
    "format": "png",
    "count": 1,
    "name": "other.png",
    "x": 5,
    "y": 5,
    "reach": 0.5,
    "model": "photochrom",
    "surprise": 1,
}
"""Every option of the library and of the API, and one that there isn't, each with a value; the
reference is the id of a picture that is opened for it."""

NEEDING = {
    "lock": {"hints": VALUES["hints"]},
    "likeness": {"reference": ""},
    "seed": {"alternative": 1},
}
"""What an option changes nothing without."""

WITHOUT_EFFECT = {"size", "model", "only_gray"}
"""Options that change nothing with the value above: they say what is so already."""

LOOK = {"hints", "lock", "palette", "vividness", "likeness", "warmth", "tint", "strength", "seed"}
LOOK |= {"lassos"}
BODIES = {
    "paint": LOOK | {"alternative", "reference", "model", "size"},
    "paint full": LOOK
    | {"alternative", "reference", "model", "size", "format", "quality", "lossless", "provenance"},
    "coefficients": LOOK | {"alternative", "reference", "model", "size"},
    "clip": LOOK | {"alternative", "reference", "model", "size"},
    "alternatives": LOOK | {"reference", "model", "count"},
    "confidence": {"hints", "alternative", "seed", "reference", "model"},
}
QUERIES = {
    "GET /v1/models": set(),
    "GET /v1/samples": set(),
    "GET /v1/samples/flower": set(),
    "GET /v1/pictures/{id}/original": set(),
    "GET /v1/pictures/{id}/colors": {"x", "y", "hints", "model"},
    "GET /v1/pictures/{id}/region": {"x", "y", "reach", "model"},
    "GET /v1/pictures/{id}/traits": {"model"},
    "GET /v1/pictures/{id}/palette": set(),
    "POST /v1/pictures/{id}/paint": set(),
    "POST /v1/pictures/{id}/coefficients": set(),
    "POST /v1/pictures/{id}/clip": set(),
    "POST /v1/pictures/{id}/alternatives": set(),
    "POST /v1/pictures/{id}/confidence": set(),
    "GET /healthz": set(),
    "DELETE /v1/pictures/{id}": set(),
}
COLORIZE = LOOK - {"likeness"} | {"alternative", "only_gray", "format", "name", "model"}
COLORIZE |= {"quality", "lossless", "provenance"}


@pytest.fixture(scope="module")
def client():
    app = create_app(Colorizer(threads=1), workers=1)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def data(gradient):
    return gradient.encode("webp")


@pytest.fixture(scope="module")
def gradient():
    levels = np.add.outer(np.arange(40), 2 * np.arange(50)).astype(np.uint8)
    return picture.from_array(levels)


@pytest.fixture(scope="module")
def id(client, data):
    return opened(client, data)["id"]


@pytest.fixture(scope="module")
def example(client):
    levels = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)
    red = np.stack([levels + 60, levels, levels], axis=-1)
    return opened(client, picture.from_array(red).encode("png"))["id"]


def refused(answer, name):
    problem = answer.json()
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return name in problem["detail"]


def as_query(value):
    return json.dumps(value) if isinstance(value, list | bool) else str(value)


def test_a_lasso_that_is_none_is_refused(client, id, data):
    short = [{"points": [[1, 2], [3, 4]]}]
    many = [{"points": [[1, 2], [3, 4], [5, 2]]}] * 21
    for lassos, said in ((short, "at least three points"), (many, "at most 20")):
        answer = client.post(f"/v1/pictures/{id}/paint", json={"lassos": lassos})
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
        form = {"files": {"file": ("a.webp", data)}, "data": {"lassos": json.dumps(lassos)}}
        assert client.post("/v1/colorize", **form).status_code == 422


def test_clips_are_offered_where_they_can_be_made(client, id, monkeypatch):
    pytest.importorskip("av")
    assert client.get("/v1/models").json()["clips"] is True
    answer = client.post(f"/v1/pictures/{id}/clip", json={"warmth": 0.5})
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"
    monkeypatch.setattr(api, "find_spec", lambda name: None)
    assert client.get("/v1/models").json()["clips"] is False
    missing = client.post(f"/v1/pictures/{id}/clip", json={})
    assert missing.status_code == 501
    assert "photochrom[video]" in missing.json()["detail"]


def test_all_options_and_routes_are_tried(client):
    assert {one.name for one in fields(Options)} <= set(VALUES)
    routes = {
        f"{method.upper()} {path}"
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method in methods
        if "/films" not in path
    }
    bodies = {f"POST /v1/pictures/{{id}}/{route.partition(' ')[0]}" for route in BODIES}
    queries = {route.replace("/flower", "/{name}") for route in QUERIES}
    assert bodies | queries | {"POST /v1/colorize", "POST /v1/pictures"} == routes


def needed(route, name, example):
    """What goes with an option so that it changes something."""
    found = {} if route == "alternatives" and name == "seed" else NEEDING.get(name, {})
    return found | ({"reference": example} if "reference" in found else {})


@pytest.fixture(scope="module")
def same(client):
    """The answer to a request, which is the same each time: asked for once."""

    @functools.cache
    def ask(method, path, given):
        answer = client.request(method, path, **json.loads(given))
        assert answer.status_code in (200, 204), answer.text
        return what_is_sent(answer)

    return lambda method, path, **given: ask(method, path, json.dumps(given))


def what_is_sent(answer):
    return answer.content, answer.headers.get("content-disposition")


@pytest.mark.parametrize("route", BODIES)
@pytest.mark.parametrize("name", VALUES)
def test_a_body_has_what_its_route_uses_and_nothing_else(client, same, id, example, route, name):
    path, _, full = route.partition(" ")
    if path == "clip":
        pytest.importorskip("av")
    path = f"/v1/pictures/{id}/{path}"
    without = needed(route, name, example) | ({"size": "full"} if full else {})
    value = example if name == "reference" else VALUES[name]
    body = without | ({name: value} if name not in without else {})
    answer = client.post(path, json=body)
    if name not in BODIES[route]:
        assert refused(answer, name)
        return
    assert answer.status_code == 200, answer.text
    if name not in WITHOUT_EFFECT:
        assert what_is_sent(answer) != same("POST", path, json=without)


@pytest.mark.parametrize("route", QUERIES)
@pytest.mark.parametrize("name", VALUES)
def test_a_query_has_what_its_route_uses_and_nothing_else(client, same, id, route, name):
    method, path = route.split()
    path = path.format(id=id)
    without = {"x": "20", "y": "20"} if "x" in QUERIES[route] else {}
    answer = client.request(method, path, params=without | {name: as_query(VALUES[name])})
    if name not in QUERIES[route]:
        assert refused(answer, name)
        return
    assert answer.status_code in (200, 204), answer.text
    if name not in WITHOUT_EFFECT:
        assert what_is_sent(answer) != same(method, path, params=without)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("place", ["params", "data"])
def test_colorizing_takes_what_it_uses_from_query_or_form(client, data, name, place):
    def given(options):
        lists = {"palette": ",".join(options.get("palette", ()))}
        return {one: lists.get(one) or as_query(value) for one, value in options.items()}

    def ask(options):
        files = {"file": ("a.webp", data)}
        return client.post("/v1/colorize", files=files, **{place: given(options)})

    without = needed("colorize", name, "") if name in COLORIZE else {}
    answer = ask(without | {name: VALUES[name]})
    if name not in COLORIZE:
        assert refused(answer, name)
        return
    assert answer.status_code == 200, answer.text
    if name not in WITHOUT_EFFECT:
        assert what_is_sent(answer) != what_is_sent(ask(without))


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("place", ["params", "data"])
def test_opening_takes_a_name_and_whether_damage_is_allowed(client, data, name, place):
    files = {"file": ("a.webp", data)}
    answer = client.post("/v1/pictures", files=files, **{place: {name: as_query(VALUES[name])}})
    if place == "params" and name in ("name", "allow_damaged"):
        assert answer.status_code == 201, answer.text
    else:
        assert refused(answer, name)


@pytest.mark.parametrize(
    ("name", "wrong", "kind"),
    [
        ("hints", [{"x": 1}], "hint"),
        ("hints", None, "invalid"),
        ("hints", "[]", "invalid"),
        ("hints", [{"x": 5, "y": 5, "color": "#c22"}] * 201, "invalid"),
        ("hints", [{"points": [[5, 5]] * 4001, "color": "#c22"}], "hint"),
        ("lock", [{"x": 1, "color": "#c22"}], "hint"),
        ("palette", ["red"], "color"),
        ("palette", [3], "invalid"),
        ("vividness", 3, "invalid"),
    ],
)
def test_an_invalid_value_names_its_field_and_what_is_wrong(client, id, name, wrong, kind):
    answer = client.post(f"/v1/pictures/{id}/paint", json={name: wrong})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"] == f"urn:photochrom:problem:{kind}"
    assert name in problem["errors"][0]["loc"]
    assert problem["errors"][0]["msg"] in problem["detail"]
    assert name in problem["detail"]
    assert "Value error" not in problem["detail"]


@pytest.mark.parametrize("name", ["hints", "lock", "palette"])
@pytest.mark.parametrize("place", ["params", "data"])
def test_text_that_is_no_value_names_its_field(client, data, name, place):
    files = {"file": ("a.webp", data)}
    answer = client.post("/v1/colorize", files=files, **{place: {name: "{"}})
    assert refused(answer, f"{name}: ")
    assert answer.json()["errors"][0]["loc"][-1] == name


def test_a_parameter_of_the_address_comes_before_a_field_of_the_form(client, data):
    def made(**given):
        answer = client.post("/v1/colorize", files={"file": ("a.webp", data)}, **given)
        assert answer.status_code == 200, answer.text
        return answer.content

    hint = {"hints": json.dumps(VALUES["hints"])}
    both = made(params={"format": "png"} | hint, data={"format": "jpeg", "strength": "0.5"})
    assert both == made(params={"format": "png", "strength": "0.5"} | hint)
    assert both != made(params={"format": "png"} | hint)
