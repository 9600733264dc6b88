"""The HTTP API through its public door: every route, every error, every limit."""

import base64
import contextlib
import io
import json
import re
import socket
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom.cli import main as cli
from photochrom.errors import JobError, StoppedError
from photochrom.pictures import footprint, formats, picture, stopping
from photochrom.runtime.tone import Tone
from photochrom.studio import orders, server
from photochrom.studio.held import Held
from photochrom.studio.limits import Limits
from photochrom.studio.problems import Problem
from photochrom.studio.shelf import Shelf
from photochrom.studio.uploads import plain_name
from photochrom.studio.workshop import Workshop

SAMPLES = Path(photochrom.__file__).parent / "samples"
ORIGINAL = SAMPLES / "originals" / "flower.jpg"
PROBLEM = "application/problem+json"


def photograph(height=60, width=90, *, format_="jpeg", levels=None):
    """A gray photograph as a file's bytes."""
    y, x = np.mgrid[:height, :width]
    levels = ((3 * x + 2 * y) % 256).astype(np.uint8) if levels is None else levels
    return picture.from_array(levels).encode(format_)


def pixels(data):
    return picture.read(data).srgb().astype(int)


def opened(client, data=None, **query):
    answer = client.post("/v1/pictures", content=data or photograph(), params=query)
    assert answer.status_code == 201, answer.text
    return answer.json()


def is_problem(answer, status, *words):
    """Whether an answer is a problem of this status that says these words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    assert body["instance"] == answer.request.url.path
    for word in words:
        assert word in body["detail"]
    return body


@pytest.fixture
def hinting(colorizer):
    """The model, where it takes hints."""
    if not colorizer.contract.token_features:
        pytest.skip("the default model takes no hints")
    return colorizer


# The page and what is about the server


def test_the_page_and_its_files_come_with_a_strict_policy(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    for part in ("img-src 'self' blob: data:", "form-action 'none'", "frame-ancestors 'none'"):
        assert part in policy.split("; ")
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.head("/").status_code == 200
    web = Path(server.__file__).parent / "web"
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in web.rglob("*.*"):
        file = client.get(f"/static/{path.relative_to(web).as_posix()}")
        assert file.content == path.read_bytes()
        assert file.headers["content-type"].startswith(kinds.get(path.suffix, ""))
        assert file.headers["content-security-policy"] == policy
        assert file.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/static/nothing.js", "/docs", "/redoc", "/v1", "/v1/samples/nothing"]
    + [f"/static/{up}server.py" for up in ("../", "%2e%2e/", "..%2f", "%2e%2e%2f", "..%5c")]
    + ["/v1/samples/..%2f..%2f__init__", "/v1/samples/originals%2fflower"],
)
def test_what_is_not_there_is_a_problem(client, path):
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        raw.sendall(head.encode())  # as it stands: clients tidy up dots
        answer = raw.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 404 ")
    assert f"content-type: {PROBLEM}" in answer
    assert '"status": 404' in answer


def test_a_wrong_method_is_a_problem(client):
    body = is_problem(client.get("/v1/colorize"), 405)
    assert body["title"] == "Method Not Allowed"
    assert client.get("/v1/colorize").headers["allow"] == "POST"


def test_health_models_and_samples(client, colorizer):
    assert client.get("/healthz").json() == {"status": "ok", "version": photochrom.__version__}
    models = client.get("/v1/models").json()
    assert models["current"] == colorizer.contract.name
    (current,) = [one for one in models["models"] if one["name"] == models["current"]]
    assert current["default"] is True
    assert (current["cannot"], current["fault"]) == ({}, "")
    assert current["size_bytes"] > 100_000
    assert {"gif", "jpeg"} <= {one["name"] for one in models["reads"]}
    writes = {one["name"]: (one["title"], one["media_type"]) for one in models["writes"]}
    assert set(writes) == {"jpeg", "png", "tiff", "webp", "avif"}
    assert writes["jpeg"] == ("JPEG", "image/jpeg")
    samples = client.get("/v1/samples").json()["samples"]
    assert {one["name"] for one in samples} == {path.stem for path in SAMPLES.glob("*.jpg")}
    for one in samples:
        assert one["title"]
        answer = client.get(one["url"])
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == (SAMPLES / f"{one['name']}.jpg").read_bytes()


def test_the_description_has_every_route_and_examples(client):
    description = client.get("/openapi.json").json()
    assert len(description["paths"]) == 16
    schemas = description["components"]["schemas"]
    shown = [name for name in schemas if name.endswith("Order") and "examples" in schemas[name]]
    assert len(shown) >= 3
    for name, one in description["paths"].items():
        for operation in one.values():
            assert operation["description"], name
            problems = {"401", "421"} <= set(operation["responses"])
            assert problems or name == "/healthz"
    named = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description))
    assert set(named) <= set(description["components"]["schemas"])
    form = description["paths"]["/v1/colorize"]["post"]["requestBody"]["content"]
    fields = form["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == {"file", *orders.ColorizeOrder.model_fields}
    vividness = schemas["PreviewOrder"]["properties"]["vividness"]
    assert vividness["maximum"] == 2
    assert "vivid" in vividness["description"]


def test_metrics_count_requests_by_route(client):
    before = metric(client, 'requests_total{method="GET",route="/v1/samples",status="200"}')
    client.get("/v1/samples")
    client.get("/v1/pictures/secret/original")
    text = client.get("/metrics").text
    name = 'requests_total{method="GET",route="/v1/samples",status="200"}'
    assert metric(client, name) == before + 1
    assert 'route="/v1/pictures/{id}/original",status="404"' in text
    assert "secret" not in text
    assert "photochrom_request_seconds_bucket" in text
    assert metric(client, "queue_depth") == 0
    held = opened(client)
    assert metric(client, "pictures") >= 1
    assert metric(client, "picture_bytes") > 10_000
    client.delete(f"/v1/pictures/{held['id']}")


def metric(client, name):
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f"photochrom_{name} ")]
    return float(found[0].split()[-1]) if found else 0.0


# Colorize in one


def by_command(monkeypatch, tmp_path, data, suffix, *arguments, out_suffix=""):
    """What `photochrom colorize` writes for a file of these bytes."""
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{out_suffix or suffix}"
    source.write_bytes(data)
    line = ["photochrom", "colorize", str(source), "-o", str(target), "--force", *arguments]
    monkeypatch.setattr(sys, "argv", line)
    with contextlib.suppress(SystemExit):
        cli.main()
    return target.read_bytes()


@pytest.mark.parametrize(
    ("format_", "asked", "query", "arguments"),
    [
        ("jpeg", "", {}, []),
        ("jpeg", "png", {"provenance": "false"}, ["--no-provenance"]),
        ("png", "", {}, []),
        ("tiff", "", {}, []),
        ("png", "webp", {"lossless": "true"}, ["--lossless"]),
        ("png", "avif", {"quality": "40"}, ["--quality", "40"]),
    ],
)
def test_full_results_are_the_commands_files(
    client, monkeypatch, tmp_path, format_, asked, query, arguments
):
    data, suffix = photograph(format_=format_), formats.WRITABLE[format_].suffixes[0]
    out_suffix = formats.WRITABLE[asked].suffixes[0] if asked else ""
    wanted = by_command(monkeypatch, tmp_path, data, suffix, *arguments, out_suffix=out_suffix)
    params = {**query, **({"format": asked} if asked else {})}
    whole = client.post("/v1/colorize", content=data, params=params)
    assert whole.status_code == 200, whole.text
    assert whole.content == wanted
    assert whole.headers["content-type"] == f"image/{asked or format_}"
    body = {key: json.loads(value) for key, value in query.items()}
    painted = client.post(
        f"/v1/pictures/{opened(client, data)['id']}/paint",
        json={**body, "format": asked or None, "size": "full"},
    )
    assert painted.content == wanted


def test_metadata_and_sixteen_bits_stay(client, monkeypatch, tmp_path):
    levels = np.linspace(0, 65535, 40 * 50).reshape(40, 50).astype(np.uint16)
    data = photograph(levels=levels, format_="png")
    answer = client.post("/v1/colorize", content=data)
    assert answer.content == by_command(monkeypatch, tmp_path, data, ".png")
    assert picture.read(answer.content).bits == 16
    original = ORIGINAL.read_bytes()
    signed = client.post("/v1/colorize", content=original).content
    assert b"algorithmicallyEnhanced" in signed
    assert signed == by_command(monkeypatch, tmp_path, original, ".jpg")


def test_a_form_may_hold_the_file_and_the_options(client):
    data = photograph()
    by_body = client.post("/v1/colorize", content=data, params={"format": "png"})
    by_form = client.post(
        "/v1/colorize",
        files={"file": ("a/b/Großmutter 1932.jpg", data, "image/jpeg")},
        data={"format": "png", "vividness": "1.0"},
    )
    assert by_form.content == by_body.content
    disposition = by_form.headers["content-disposition"]
    assert disposition == (
        'attachment; filename="Gro_mutter 1932-color.png"; '
        "filename*=UTF-8''Gro%C3%9Fmutter%201932-color.png"
    )
    assert 'filename="picture-color.png"' in by_body.headers["content-disposition"]
    over = client.post(
        "/v1/colorize", files={"file": data}, data={"format": "nothing"}, params={"format": "png"}
    )
    assert over.content == by_body.content  # the address counts more than the form


def test_the_name_may_be_given(client):
    answer = client.post(
        "/v1/colorize", content=photograph(), params={"name": '../x"y%\r\n.jpg', "format": "png"}
    )
    assert answer.headers["content-disposition"].startswith(
        "attachment; filename=\"x_y_-color.png\"; filename*=UTF-8''x%22y%25-color.png"
    )


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("photo.jpg", "photo.jpg"),
        ("/etc/passwd", "passwd"),
        ("C:\\pictures\\a.png", "a.png"),
        ("..", ""),
        ("a\0b\n\u202ec.jpg", "abc.jpg"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_names_lose_folders_and_controls(given, plain):
    assert plain_name(given) == plain


def test_formats_that_cannot_be_written_become_png(client):
    data = photograph(format_="png")
    gif = io.BytesIO()
    gif.write(b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x02\0\0\x02\x02D\n\0;")
    answer = client.post("/v1/colorize", content=gif.getvalue())
    assert answer.headers["content-type"] == "image/png"
    assert client.post("/v1/colorize", content=data).headers["content-type"] == "image/png"


# Open pictures


def test_the_life_of_a_picture(client):
    levels = np.tile(np.linspace(0, 255, 2400).astype(np.uint8), (30, 1))
    held = opened(client, photograph(levels=levels, format_="png"), name="dir/wide.png")
    id_ = held.pop("id")
    assert len(id_) >= 22
    assert held == {
        "name": "wide.png",
        "width": 2400,
        "height": 30,
        "format": "png",
        "gray": True,
        "notes": [],
        "preview": {"width": 1600, "height": 20},
    }
    original = client.get(f"/v1/pictures/{id_}/original")
    assert original.headers["content-type"] == "image/jpeg"
    assert original.headers["cache-control"] == "no-store"
    gray = pixels(original.content)
    assert gray.shape == (20, 1600, 3)
    assert (gray == gray[..., :1]).all()
    preview = client.post(f"/v1/pictures/{id_}/paint", json={})
    assert preview.headers["content-type"] == "image/jpeg"
    assert pixels(preview.content).shape == (20, 1600, 3)
    full = client.post(f"/v1/pictures/{id_}/paint", json={"size": "full"})
    assert full.headers["content-type"] == "image/png"
    assert 'filename="wide-color.png"' in full.headers["content-disposition"]
    assert pixels(full.content).shape == (30, 2400, 3)
    assert client.delete(f"/v1/pictures/{id_}").status_code == 204
    for method, path, body in (
        ("DELETE", "", None),
        ("GET", "/original", None),
        ("GET", "/palette", None),
        ("GET", "/colors?x=1&y=1", None),
        ("POST", "/paint", {}),
        ("POST", "/alternatives", {}),
        ("POST", "/confidence", {}),
    ):
        gone = client.request(method, f"/v1/pictures/{id_}{path}", json=body)
        is_problem(gone, 404, "Open it again")


def test_the_preview_shows_what_the_file_holds(client):
    data = (SAMPLES / "flower.jpg").read_bytes()
    id_ = opened(client, data)["id"]
    preview = client.post(f"/v1/pictures/{id_}/paint", json={}).content
    full = client.post(f"/v1/pictures/{id_}/paint", json={"size": "full"}).content
    assert np.abs(pixels(preview) - pixels(full)).mean() < 2  # one JPEG is not the other
    gray = pixels(client.get(f"/v1/pictures/{id_}/original").content)
    assert np.abs(gray - pixels(data)).mean() < 2
    client.delete(f"/v1/pictures/{id_}")


def test_a_color_picture_is_shown_by_its_lightness(client):
    held = opened(client, ORIGINAL.read_bytes())
    assert held["gray"] is False
    gray = pixels(client.get(f"/v1/pictures/{held['id']}/original").content)
    assert np.abs(gray - pixels((SAMPLES / "flower.jpg").read_bytes())).mean() < 2
    palette = client.get(f"/v1/pictures/{held['id']}/palette").json()["palette"]
    assert 2 <= len(palette) <= 8
    assert all(len(color) == 7 and color[0] == "#" for color in palette)
    client.delete(f"/v1/pictures/{held['id']}")


def test_vividness_and_palette_reach_the_picture(client, hinting):
    data = (SAMPLES / "flower.jpg").read_bytes()
    id_ = opened(client, data)["id"]

    def paint(**order):
        return pixels(client.post(f"/v1/pictures/{id_}/paint", json=order).content)

    def chroma(srgb):
        return (srgb.max(axis=-1) - srgb.min(axis=-1)).mean()

    assert chroma(paint(vividness=0)) < chroma(paint()) < chroma(paint(vividness=2))
    blue = paint(palette=["#2040c0"]).mean(axis=(0, 1))
    assert blue[2] > blue[0]


def test_a_hint_reaches_its_place_and_not_the_far_background(
    client, hinting, monkeypatch, tmp_path
):
    data = (SAMPLES / "flower.jpg").read_bytes()
    held = opened(client, data)
    hints = [{"x": 320, "y": 200, "color": "#2040c0"}]
    url = f"/v1/pictures/{held['id']}/paint"
    plain = pixels(client.post(url, json={}).content)
    hinted = pixels(client.post(url, json={"hints": hints}).content)
    spot = hinted[197:203, 317:323].mean(axis=(0, 1))
    assert spot[2] > spot[0] + 20
    assert np.abs(hinted - plain)[:20, :20].mean() < 12
    file = tmp_path / "hints.json"
    file.write_text(json.dumps(hints))
    full = client.post(url, json={"hints": hints, "size": "full"}).content
    assert full == by_command(monkeypatch, tmp_path, data, ".jpg", "--hints", str(file))
    text = json.dumps(hints)
    assert client.post("/v1/colorize", content=data, params={"hints": text}).content == full


def test_alternatives_lead_where_their_thumbnails_show(client, hinting):
    held = opened(client, (SAMPLES / "flower.jpg").read_bytes())
    url = f"/v1/pictures/{held['id']}"
    found = client.post(f"{url}/alternatives", json={"count": 3, "seed": 1}).json()["alternatives"]
    assert [one["number"] for one in found] == list(range(1, len(found) + 1))
    assert 1 <= len(found) <= 3
    likelihoods = [one["likelihood"] for one in found]
    assert likelihoods == sorted(likelihoods, reverse=True)
    results = []
    for one in found:
        scheme, _, coded = one["thumbnail"].partition("base64,")
        assert scheme == "data:image/jpeg;"
        small = pixels(base64.b64decode(coded))
        assert max(small.shape) == 320
        painted = pixels(client.post(f"{url}/paint", json={"hints": one["hints"]}).content)
        results.append(painted)
        shrunk = picture.from_array(painted.astype(np.uint8)).srgb(size=small.shape[:2])
        assert np.abs(shrunk.astype(int) - small).mean() < 6
    assert len({result.tobytes() for result in results}) == len(results)


def test_likely_colors_confidence_and_reference(client, hinting):
    held = opened(client, (SAMPLES / "flower.jpg").read_bytes())
    example = opened(client, ORIGINAL.read_bytes())
    url = f"/v1/pictures/{held['id']}"
    colors = client.get(f"{url}/colors", params={"x": 320, "y": 200}).json()["colors"]
    shares = [one["share"] for one in colors]
    assert shares == sorted(shares, reverse=True)
    assert all(0 < share <= 1 for share in shares)
    hints = json.dumps([{"x": 320, "y": 200, "color": "#2040c0"}])
    params = {"x": 320, "y": 200, "hints": hints}
    assert client.get(f"{url}/colors", params=params).json()["colors"] != colors
    sure = client.post(f"{url}/confidence", json={})
    assert sure.headers["content-type"] == "image/png"
    read = picture.read(sure.content)
    assert read.size == (427, 640)
    assert pixels(sure.content).std() > 0
    plain = client.post(f"{url}/paint", json={}).content
    like = client.post(f"{url}/paint", json={"reference": example["id"]})
    assert like.status_code == 200
    assert like.content != plain
    is_problem(client.post(f"{url}/paint", json={"reference": "nothing"}), 404)


def test_a_model_without_hints_says_so(client, colorizer):
    if colorizer.contract.token_features:
        pytest.skip("the default model takes hints")
    url = f"/v1/pictures/{opened(client)['id']}"
    for path, body in (
        ("paint", {"hints": [{"x": 1, "y": 1, "color": "#c22"}]}),
        ("paint", {"vividness": 1.5}),
        ("alternatives", {}),
        ("confidence", {}),
    ):
        problem = is_problem(client.post(f"{url}/{path}", json=body), 422, "can't do this")
        assert problem["title"] == "The model can't do this"
    is_problem(client.get(f"{url}/colors?x=1&y=1"), 422)


# What is wrong with a request


@pytest.mark.parametrize(
    ("query", "data", "words"),
    [
        ({}, b"", "No picture was sent"),
        ({}, b"no picture at all", "this is not a picture in a known format"),
        ({}, photograph()[:200], "begins like JPEG"),
        ({}, photograph(300, 300)[:-3000], "damaged or truncated"),
        ({"vividness": "3"}, None, "less than or equal to 2"),
        ({"vividness": "nan"}, None, "vividness"),
        ({"quality": "0"}, None, "quality"),
        ({"format": "gif"}, None, "format"),
        ({"lossless": "true"}, None, "JPEG can't be lossless"),
        ({"hints": "{"}, None, "this is not valid JSON"),
        ({"hints": '[{"x": 1e999, "y": 1, "color": "#c22"}]'}, None, "hint"),
        ({"hints": f'[{{"x": {"9" * 5000}, "y": 1, "color": "#c22"}}]'}, None, "digits"),
        ({"hints": f'[{{"x": {"9" * 500}, "y": 1, "color": "#c22"}}]'}, None, "hint"),
        ({"hints": '[{"x": 1, "y": 1, "color": "red"}]'}, None, "'red' is not a color"),
        ({"palette": "red"}, None, "'red' is not a color"),
        ({"palette": "#112233," * 65}, None, "at most 64"),
        ({"palete": "#c22"}, None, "palete"),
        ({"max_pixels": "5"}, None, "max_pixels"),
    ],
)
def test_what_cannot_be_done_is_422(client, query, data, words):
    data = photograph() if data is None else data
    is_problem(client.post("/v1/colorize", content=data, params=query), 422, words)


def test_hints_in_too_many_brackets_are_422(client):
    form = {"hints": "[" * 200_000}
    answer = client.post("/v1/colorize", files={"file": photograph()}, data=form)
    is_problem(answer, 422)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"hints": [{"x": 1}]}, "it needs x and y"),
        ({"hints": [{"x": 1, "y": 1, "colour": "#c22"}]}, "its keys may be"),
        ({"hints": [{"points": [[1, 2, 3]], "color": "#c22"}]}, "hint"),
        ({"hints": [{"x": 1, "y": 1, "color": "#c22"}] * 201}, "at most 200"),
        ({"hints": [{"points": [[1, 1]] * 4001, "color": "#c22"}]}, "4001 points"),
        ({"palette": ["#xyz"]}, "is not a color"),
        ({"seed": -1}, "seed"),
        ({"alternative": 9}, "alternative"),
        ({"size": "huge"}, "size"),
        ({"format": "exe"}, "format"),
        ({"unknown": 1}, "unknown"),
        ({"vividness": "x"}, "vividness"),
        ([], "body"),
    ],
)
def test_an_order_that_cannot_be_understood_is_422(client, body, words):
    id_ = opened(client)["id"]
    is_problem(client.post(f"/v1/pictures/{id_}/paint", json=body), 422, words)


def test_broken_json_is_422_and_form_types_are_not_taken_for_json(client):
    url = f"/v1/pictures/{opened(client)['id']}/paint"
    body = is_problem(
        client.post(url, content=b"{", headers={"content-type": "application/json"}), 422
    )
    assert body["errors"]
    is_problem(client.post(url, content=b"{}", headers={"content-type": "text/plain"}), 422)
    deep = b'{"hints":' + b"[" * 200_000
    answer = client.post(url, content=deep, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_a_point_outside_is_422(client, hinting):
    url = f"/v1/pictures/{opened(client)['id']}"
    order = {"hints": [{"x": 1000, "y": 1, "color": "#c22"}]}
    is_problem(client.post(f"{url}/paint", json=order), 422, "lies outside the picture")
    is_problem(client.get(f"{url}/colors?x=-1&y=0"), 422, "lies outside the picture")
    is_problem(client.get(f"{url}/colors?x=nan&y=0"), 422)


def test_only_gray_refuses_colors(client):
    params = {"only_gray": "true"}
    answer = client.post("/v1/colorize", content=ORIGINAL.read_bytes(), params=params)
    body = is_problem(answer, 422, "it already has colors")
    assert body["type"] == "urn:photochrom:problem:alreadycolored"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n', "No pict"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc', "cut short"),
        (b"nonsense", "can't be read"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n2\r\n--x--\r\n',
            "one at a time",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
            + b"1" * 1_000_001
            + b"\r\n--x--\r\n",
            "too long",
        ),
        (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n' % number
                for number in range(40)
            )
            + b"--x--\r\n",
            "fields",
        ),
    ],
)
def test_a_form_that_is_none_is_422(client, content, words):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    is_problem(client.post("/v1/pictures", content=content, headers=headers), 422, words)


def test_a_form_without_a_boundary_is_422(client):
    headers = {"content-type": "multipart/form-data"}
    is_problem(client.post("/v1/pictures", content=b"x", headers=headers), 422, "boundary")


def test_a_failure_of_ours_is_500_and_says_nothing_private(client, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("a secret")

    held = opened(client)
    monkeypatch.setattr(Held, "original", fail)
    body = is_problem(client.get(f"/v1/pictures/{held['id']}/original"), 500, "its log says how")
    assert "secret" not in json.dumps(body)
    assert "a secret" in caplog.text


# Limits


def test_too_many_bytes_are_413_before_they_are_all_there(start):
    client = start(limits=Limits(upload_bytes=10_000, body_bytes=1_000))
    for path in ("/v1/colorize", "/v1/pictures"):
        is_problem(client.post(path, content=b"x" * 10_001), 413, "10,000 bytes")
    chunks = (b"x" * 1000 for _ in range(20))
    is_problem(client.post("/v1/pictures", content=chunks), 413)
    assert opened(client, photograph())["id"]
    order = {"palette": ["#112233"] * 200}
    is_problem(client.post("/v1/pictures/any/paint", json=order), 413)
    length = "Content-Length: 99999999999999999999999"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"POST /v1/pictures HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 4")


def test_too_many_pixels_are_422_by_the_header(start):
    client = start(limits=Limits(pixels=1_000_000))
    data = bytearray(photograph(10, 10, format_="png"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    for path in ("/v1/colorize", "/v1/pictures"):
        is_problem(client.post(path, content=bytes(data)), 422, "limit of 1,000,000 pixels")


def test_what_needs_too_much_memory_is_413_and_says_so(start, black_webp):
    client = start(limits=Limits(work_bytes=300_000_000))
    data = picture.from_array(np.zeros((9000, 10), np.uint8)).encode("png")
    assert client.post("/v1/colorize", content=data).status_code == 200
    huge = black_webp(9000)
    for path in ("/v1/colorize", "/v1/pictures"):
        problem = is_problem(client.post(path, content=huge), 413, "can raise the limit")
        assert problem["type"] == "urn:photochrom:problem:memory"
        assert "300 MB" in problem["detail"]
    held = opened(client, photograph(3000, 3000))
    url = f"/v1/pictures/{held['id']}/paint"
    is_problem(client.post(url, json={"size": "full", "format": "avif"}), 413, "memory")
    assert client.post(url, json={"size": "full", "format": "jpeg"}).status_code == 200
    assert client.app.state.studio.budget.taken == 0


def test_work_waits_for_memory(start, monkeypatch):
    client = start(limits=Limits(work_bytes=2 * footprint.EACH_BYTES), workers=4)
    held, together, lock = opened(client), [0], threading.Lock()
    budget = client.app.state.studio.budget

    def slow(self):
        with lock:
            together.append(budget.taken // footprint.EACH_BYTES)
        time.sleep(0.2)
        return b""

    monkeypatch.setattr(Held, "original", slow)
    url = f"/v1/pictures/{held['id']}/original"
    with ThreadPoolExecutor(6) as pool:
        statuses = [one.status_code for one in pool.map(lambda _: client.get(url), range(6))]
    assert statuses == 6 * [200]
    assert max(together) == 2
    assert budget.taken == budget.waiting == 0


def test_who_leaves_the_queue_for_memory_takes_none(start, monkeypatch):
    client = start(limits=Limits(work_bytes=footprint.EACH_BYTES * 3 // 2), workers=2)
    held, going = opened(client), threading.Event()
    monkeypatch.setattr(Held, "original", lambda self: going.wait(20) and b"")
    budget = client.app.state.studio.budget
    url = f"/v1/pictures/{held['id']}/original"
    first = threading.Thread(target=client.get, args=(url,))
    first.start()
    until(lambda: budget.taken)
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: budget.waiting == 1)
    going.set()
    first.join()
    until(lambda: budget.taken == 0)
    assert client.get(url).status_code == 200


def test_limits_stay_within_a_budget():
    for total in (1_000_000_000, 4_000_000_000, 64_000_000_000):
        limits = Limits.within(total)
        together = limits.work_bytes + limits.picture_bytes + 2 * limits.uploading_bytes
        assert together < total
        assert limits.upload_bytes <= limits.uploading_bytes
    assert Limits.within().work_bytes > 0
    with pytest.raises(JobError, match="too little for the server"):
        Limits.within(500_000_000)


def test_a_full_queue_is_503_and_says_when_to_come_back(start, monkeypatch):
    client = start(limits=Limits(waiting=1), workers=1)
    held = opened(client)
    going, begun = threading.Event(), threading.Event()

    def wait(self):
        begun.set()
        going.wait(20)
        return b""

    monkeypatch.setattr(Held, "original", wait)
    url = f"/v1/pictures/{held['id']}/original"
    threads = [threading.Thread(target=client.get, args=(url,)) for _ in range(2)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    until(lambda: metric(client, "queue_depth") == 1)
    full = client.get(url)
    is_problem(full, 503, "server is busy")
    assert int(full.headers["retry-after"]) >= 1
    assert client.get("/healthz").status_code == 200
    going.set()
    for thread in threads:
        thread.join()
    assert metric(client, "queue_depth") == 0
    assert client.get(url).status_code == 200


def until(condition, seconds=20):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_work_that_takes_too_long_is_503(start, monkeypatch):
    client = start(limits=Limits(work_s=0.1), workers=1)
    held = opened(start(workers=1))  # another server's: unknown here
    is_problem(client.get(f"/v1/pictures/{held['id']}/original"), 404)
    monkeypatch.setattr("photochrom.studio.api.hold", lambda *_, **__: time.sleep(0.5))
    is_problem(client.post("/v1/pictures", content=photograph()), 503, "too long")


def test_work_ends_with_its_time_or_its_client(start, monkeypatch):
    client = start(workers=1)
    studio, ended = client.app.state.studio, []

    def work(self):
        while True:
            try:
                stopping.check()
            except StoppedError:
                ended.append(self)
                raise
            time.sleep(0.01)

    monkeypatch.setattr(Held, "original", work)
    held = opened(client)
    studio.limits = Limits(work_s=0.3)
    url = f"/v1/pictures/{held['id']}/original"
    is_problem(client.get(url), 503, "too long")
    until(lambda: len(ended) == 1)
    studio.limits = Limits()
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: studio.budget.taken)
    until(lambda: len(ended) == 2 and studio.budget.taken == 0)


def test_a_client_that_goes_away_frees_its_place(start, monkeypatch):
    client = start(limits=Limits(waiting=4), workers=1)
    held = opened(client)
    going, done = threading.Event(), []
    monkeypatch.setattr(Held, "original", lambda self: going.wait(20) and b"")
    monkeypatch.setattr(Held, "paint", lambda *_, **__: done.append(1) or b"")
    url = f"/v1/pictures/{held['id']}"
    first = threading.Thread(target=client.get, args=(f"{url}/original",))
    first.start()
    studio = client.app.state.studio
    until(lambda: studio.workshop._taken == 1)
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        head = f"POST {url}/paint HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        raw.sendall(f"{head}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        until(lambda: studio.workshop.depth == 1)
    until(lambda: studio.workshop.depth == 0)
    going.set()
    first.join()
    assert not done
    text = client.get("/metrics").text
    assert 'route="/v1/pictures/{id}/paint",status="499"' in text


def test_slow_uploads_end_with_408_and_starve_nobody(start):
    client = start(limits=Limits(idle_s=1.0), workers=1)
    place = (client.base_url.host, client.base_url.port)
    slow = [socket.create_connection(place) for _ in range(40)]
    for one in slow:
        one.sendall(
            b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx"
        )
    assert client.post("/v1/colorize", content=photograph()).status_code == 200
    assert client.get("/healthz").status_code == 200
    for one in slow:
        with one:
            one.settimeout(20)
            assert one.recv(100).startswith(b"HTTP/1.1 408 ")
    assert client.post("/v1/colorize", content=photograph()).status_code == 200


def test_uploads_that_drip_end_in_time(start):
    client = start(limits=Limits(upload_s=0.5))
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.settimeout(20)
        raw.sendall(b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n")
        for _ in range(8):
            raw.sendall(b"x")
            time.sleep(0.1)
        assert raw.recv(100).startswith(b"HTTP/1.1 408 ")


def test_all_uploads_together_are_bounded(start):
    client = start(limits=Limits(uploading_bytes=50_000))
    place = (client.base_url.host, client.base_url.port)
    with socket.create_connection(place) as raw:
        head = b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
        raw.sendall(head + b"x" * 45_000)
        time.sleep(0.3)
        busy = client.post("/v1/colorize", content=b"x" * 10_000)
        is_problem(busy, 503, "too many uploads")
        assert "retry-after" in busy.headers
    until(lambda: client.post("/v1/colorize", content=photograph()).status_code == 200)


def test_nothing_is_written_to_disk(client, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1500)).astype(np.uint8)
    data = picture.from_array(noise).encode("png")
    assert len(data) > 1_500_000
    answer = client.post("/v1/pictures", files={"file": (str(tmp_path / "x.png"), data)})
    assert answer.status_code == 201
    assert answer.json()["name"] == "x.png"
    assert not list(tmp_path.iterdir())
    client.delete(f"/v1/pictures/{answer.json()['id']}")


# The shelf and the workshop


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def held(own_bytes=1):
    return Held(
        name="x",
        prepared=None,
        footprint=None,
        preview=None,
        thumbnail=None,
        gray=True,
        own_bytes=own_bytes,
    )


def kept(shelf, pictures):
    """Which of some pictures are there; looking doesn't count as use."""
    return [one.id in shelf._held for one in pictures]


def test_the_shelf_forgets_the_longest_unused_first():
    shelf = Shelf(Limits(pictures=3), clock=(clock := Clock()))
    pictures = [held() for _ in range(4)]
    for one in pictures[:3]:
        clock.now += 1
        shelf.put(one)
    shelf.get(pictures[0].id)
    shelf.put(pictures[3])
    assert kept(shelf, pictures) == [True, False, True, True]
    with pytest.raises(Problem, match="No open picture"):
        shelf.get(pictures[1].id)


def test_the_shelf_is_bounded_in_bytes_but_holds_one():
    shelf = Shelf(Limits(picture_bytes=100))
    pictures = [held(40), held(40), held(40), held(500), held(60), held(40)]
    for one in pictures[:3]:
        shelf.put(one)
    assert kept(shelf, pictures[:3]) == [False, True, True]
    assert shelf.size_bytes == 80
    shelf.put(pictures[3])
    assert len(shelf) == 1
    shelf.put(pictures[4])
    shelf.put(pictures[5])
    assert kept(shelf, pictures[3:]) == [False, True, True]


def test_the_shelf_forgets_what_is_old():
    shelf = Shelf(Limits(picture_age_s=10), clock=(clock := Clock()))
    pictures = [held(), held()]
    for one in pictures:
        shelf.put(one)
    clock.now = 9
    shelf.get(pictures[0].id)
    clock.now = 15
    shelf.tidy()
    assert kept(shelf, pictures) == [True, False]
    clock.now = 30
    shelf.tidy()
    assert len(shelf) == 0


def test_ids_cannot_be_guessed():
    ids = {held().id for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 24


def test_pictures_are_evicted_through_the_door(start):
    client = start(limits=Limits(pictures=2))
    ids = [opened(client)["id"] for _ in range(3)]
    is_problem(client.get(f"/v1/pictures/{ids[0]}/original"), 404, "closed after a while")
    for id_ in ids[1:]:
        assert client.get(f"/v1/pictures/{id_}/original").status_code == 200


def test_a_workshop_gives_places_back_when_work_fails():
    workshop = Workshop(1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            workshop.begin(lambda: 1 / 0).result()
        until(lambda: workshop._taken == 0)
    workshop.close()


# Regions, locks and tone


def test_a_region_is_white_at_its_point_and_its_traits_give_the_same(client):
    id_ = opened(client, photograph(90, 120))["id"]
    answer = client.get(f"/v1/pictures/{id_}/region", params={"x": 60, "y": 40})
    assert answer.status_code == 200
    mask = picture.read(answer.content).srgb()[..., 0]
    assert mask.shape == (90, 120)
    assert mask[40, 60] > 0.6 * 255
    traits = client.get(f"/v1/pictures/{id_}/traits").json()
    levels = np.frombuffer(base64.b64decode(traits["data"]), "<i2")
    assert levels.size == traits["width"] * traits["height"] * traits["channels"]
    assert client.get(f"/v1/pictures/{id_}/region?x=500&y=1").status_code == 422
    assert client.get(f"/v1/pictures/{id_}/region?x=5&y=1&reach=0").status_code == 422


@pytest.mark.parametrize("border", [0, 20])
def test_coefficients_are_what_a_preview_is_painted_with(border, client, colorizer):
    levels = np.full((90 + 2 * border, 120 + 2 * border), 250, np.uint8)
    y, x = np.mgrid[:90, :120]
    noise = np.random.default_rng(0).integers(-20, 20, (90, 120))
    levels[border : 90 + border, border : 120 + border] = (x + y) % 160 + 40 + noise
    data = photograph(levels=levels, format_="png")
    id_ = opened(client, data)["id"]
    order = {"hints": [{"x": 70, "y": 60, "color": "#cc2244"}], "warmth": 0.3}
    answer = client.post(f"/v1/pictures/{id_}/coefficients", json=order)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    planes = np.frombuffer(base64.b64decode(found["data"]), "<i2")
    planes = planes.reshape(2, found["height"], found["width"], 2)
    prepared = colorizer.prepare(data)
    *expected, inside = prepared.coefficients(
        hints=orders.hints_of(order["hints"]), tone=Tone(warmth=0.3)
    )
    for plane, step, own in zip(planes, found["steps"], expected, strict=True):
        np.testing.assert_allclose(plane * step, own, atol=0.51 * step)
    assert (inside is None) == (border == 0)
    assert found["place"] == (None if inside is None else [*prepared.place])
    refused = client.post(f"/v1/pictures/{id_}/coefficients", json={"size": "full"})
    assert refused.status_code == 422


def test_reach_lock_and_tone_are_understood(client):
    id_ = opened(client, photograph(90, 120))["id"]

    def painted(**order):
        answer = client.post(f"/v1/pictures/{id_}/paint", json=order)
        assert answer.status_code == 200, answer.text
        return picture.read(answer.content).srgb().astype(float)

    gray = painted(strength=0)
    assert np.abs(gray - gray[..., :1]).max() < 3
    hint = {"x": 60, "y": 40, "color": "#cc2244"}
    plain, free = painted(), painted(hints=[hint])
    bounded = painted(hints=[{**hint, "reach": 0.2}])
    locked = painted(hints=[hint], lock=[{"x": 10, "y": 80, "radius_px": 200}])
    assert np.abs(bounded - plain).mean() < np.abs(free - plain).mean()
    assert np.abs(locked - free).max() < 3  # it stands in the lock itself
    wrong = {"lock": [{"x": 1, "y": 2, "color": "#c22"}]}
    assert client.post(f"/v1/pictures/{id_}/paint", json=wrong).status_code == 422


def test_the_page_comes_compressed_and_pictures_as_they_are(client):
    id_ = opened(client, photograph(90, 120))["id"]
    asked = {"Accept-Encoding": "gzip"}
    for path in ("/", "/static/main.js", "/static/studio.css", f"/v1/pictures/{id_}/traits"):
        assert client.get(path, headers=asked).headers["Content-Encoding"] == "gzip", path
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.content == client.get(path, headers=asked).content
    original = client.get(f"/v1/pictures/{id_}/original", headers=asked)
    assert "Content-Encoding" not in original.headers
