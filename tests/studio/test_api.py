"""The HTTP API through its public door: every route, and that it does what the command does."""

import base64
import contextlib
import io
import json
import sys

import numpy as np
import pytest

from photochrom.cli import main as cli
from photochrom.pictures import formats, picture
from photochrom.runtime.tone import Tone
from photochrom.studio import orders
from photochrom.studio.uploads import plain_name
from served import ORIGINAL, SAMPLES, is_problem, opened, photograph, pixels

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


def test_a_name_may_hold_quotes_as_browsers_write_them(client):
    part = b'Content-Disposition: form-data; name="file"; filename="a%22b%22 50%.jpg"'
    body = b"--x\r\n" + part + b"\r\n\r\n" + photograph() + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/colorize", content=body, headers=headers)
    assert "a%22b%22%2050%25-color.jpg" in answer.headers["content-disposition"]


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
