"""`photochrom.studio.film_api`: each route takes the options that it uses, and no others."""

import json

import numpy as np
import pytest

from served import is_problem

av = pytest.importorskip("av")

VALUES = {
    "name": "film.mkv",
    "first_frame": 0,
    "number": 0,
    "x": 5,
    "y": 5,
    "shot": 1,
    "part": 0,
    "large": 3,
    "vividness": 1.2,
    "container": "mp4",
    "codec": "h264",
    "quality": 30,
    "preset": "ultrafast",
    "every": 8,
    "version": 1,
    "hints": [],
    "references": [],
    "cuts": {},
    "warmth": 0.5,
    "model": "photochrom",
    "surprise": 1,
}
"""Every option of a film's routes, and some that they haven't."""

FILM = "/v1/films/{id}"
QUERIES = {
    "GET /v1/films": set(),
    f"GET {FILM}": set(),
    f"GET {FILM}/hints": set(),
    f"GET {FILM}/pictures/{{name}}": set(),
    f"GET {FILM}/thumbnail": {"first_frame"},
    f"GET {FILM}/frame": {"number"},
    f"GET {FILM}/colors": {"number", "x", "y"},
    f"GET {FILM}/result": set(),
    "POST /v1/films": {"name"},
    f"POST {FILM}/pictures": {"name"},
    f"POST {FILM}/glimpse": set(),
    f"POST {FILM}/rendering": set(),
    f"PUT {FILM}/hints": set(),
    f"DELETE {FILM}/rendering": set(),
    f"DELETE {FILM}": set(),
}
BODIES = {
    f"POST {FILM}/glimpse": {"shot", "part", "large", "vividness"},
    f"POST {FILM}/rendering": {"container", "codec", "quality", "preset", "vividness", "every"},
    f"PUT {FILM}/hints": {"version", "hints", "references", "cuts"},
}


@pytest.fixture(scope="module")
def id(client, tmp_path_factory):
    """An open film of ten frames."""
    path = tmp_path_factory.mktemp("films") / "film.mkv"
    levels = np.add.outer(np.arange(48), 2 * np.arange(64)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *levels.shape, "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(levels, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    answer = client.post("/v1/films", params={"name": "film.mkv"}, content=path.read_bytes())
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    client.delete(f"/v1/films/{answer.json()['id']}")


def test_all_routes_are_tried(client):
    paths = client.get("/openapi.json").json()["paths"]
    films = {path: methods for path, methods in paths.items() if "/films" in path}
    assert {f"{one.upper()} {path}" for path, methods in films.items() for one in methods} == set(
        QUERIES
    )
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for route, names in BODIES.items():
        method, path = route.split()
        body = films[path][method.lower()]["requestBody"]["content"]["application/json"]
        assert set(schemas[body["schema"]["$ref"].split("/")[-1]]["properties"]) == names


@pytest.mark.parametrize("name", VALUES)
def test_a_query_has_what_its_route_uses_and_nothing_else(client, id, name):
    value = VALUES[name]
    value = json.dumps(value) if isinstance(value, list | dict) else value
    for route, names in QUERIES.items():
        if name not in names:
            method, path = route.split()
            path = path.format(id=id, name="missing.png")
            answer = client.request(method, path, params={name: value})
            assert is_problem(answer, 422, name), route


@pytest.mark.parametrize("name", VALUES)
def test_a_body_has_what_its_route_uses_and_nothing_else(client, id, name):
    for route, names in BODIES.items():
        if name not in names:
            method, path = route.split()
            needed = {"shot": 1} if "shot" in names else {}
            answer = client.request(method, path.format(id=id), json=needed | {name: VALUES[name]})
            assert is_problem(answer, 422, name), route
