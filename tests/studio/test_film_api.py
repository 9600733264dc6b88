"""`photochrom.studio.film_api`: films shown in glimpses, hinted, and colored as a job."""

import base64
import io
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest

from footage import has_ended, looked_through, state_when
from photochrom import color
from photochrom.pictures import picture
from photochrom.studio import film_orders

pytest.importorskip("av")

SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
BLUE = "#2244cc"


def color_at(data, x, y):
    """The mean L*a*b* around a place of a JPEG as a data URL, in shares of its sides."""
    jpeg = base64.b64decode(data.removeprefix("data:image/jpeg;base64,"))
    srgb = picture.read(jpeg).srgb()
    row, column = round(y * srgb.shape[0]), round(x * srgb.shape[1])
    return color.srgb_to_lab(srgb[row - 3 : row + 4, column - 3 : column + 4]).mean(axis=(0, 1))


def test_the_shots_of_a_film_are_found_and_cuts_can_be_added_and_removed(client, film):
    state = looked_through(client, film)
    assert [(one["first_frame"], one["frames"]) for one in state["shots"]] == [(0, 20), (20, 24)]
    assert (state["width"], state["height"]) == (160, 96)
    hints = {"version": 1, "cuts": {"add": [1.2], "remove": [0.8]}}
    shots = client.put(f"/v1/films/{film}/hints", json=hints).json()["shots"]
    assert [(one["first_frame"], one["frames"]) for one in shots] == [(0, 30), (30, 14)]
    for shot in shots:
        thumbnail = client.get(
            f"/v1/films/{film}/thumbnail", params={"first_frame": shot["first_frame"]}
        )
        assert picture.read(thumbnail.content).height <= 144
    missing = client.get(f"/v1/films/{film}/thumbnail", params={"first_frame": 7})
    assert missing.status_code == 404
    assert missing.json()["type"] == "urn:photochrom:problem:no-shot"


def test_a_hint_on_one_frame_is_carried_to_seven_others_of_the_shot(client, film):
    def glimpse():
        order = {"shot": 2, "part": 0, "large": 20}
        answer = client.post(f"/v1/films/{film}/glimpse", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    before = glimpse()
    numbers = [one["number"] for one in before["frames"] if not one["large"]]
    assert len(numbers) == 8
    assert numbers[0] == 20
    assert numbers[-1] == 43
    assert before["times"][0] == 0.8
    assert len(before["times"]) == 24
    hint = {"time": before["times"][0], "hints": [{"x": 100, "y": 60, "color": BLUE}]}
    hints = {"version": 1, "hints": [hint]}
    assert client.put(f"/v1/films/{film}/hints", json=hints).status_code == 200
    after = glimpse()
    for old, new in zip(before["frames"], after["frames"], strict=True):
        moved = new["number"] - 20  # the texture goes up and left by a pixel a frame
        place = (100 - moved) / 160, (60 - moved) / 96
        assert color_at(new["data"], *place)[2] < color_at(old["data"], *place)[2] - 5
    large = [one for one in after["frames"] if one["large"]]
    assert [one["number"] for one in large] == [20]
    params = {"number": 20, "x": 100, "y": 60}
    colors = client.get(f"/v1/films/{film}/colors", params=params).json()["colors"]
    assert colors
    frame = client.get(f"/v1/films/{film}/frame", params={"number": 20})
    assert picture.read(frame.content).size == (96, 160)


def test_hints_are_refused_with_a_reason(client, film):
    def refusal(**hints):
        answer = client.put(f"/v1/films/{film}/hints", json={"version": 1, **hints})
        assert answer.status_code == 422
        return answer.json()

    outside = {"time": 0, "hints": [{"x": 500, "y": 5, "color": BLUE}]}
    assert "outside the frame of 160 x 96" in refusal(hints=[outside])["detail"]
    for name in ("missing.png", "../film.mkv", "/etc/hostname"):
        said = refusal(hints=[{"time": 0, "picture": name}])
        assert said["type"] == "urn:photochrom:problem:filmhints"
        assert "send it first" in said["detail"]
    assert "yesterday" in refusal(hints=[{"time": "yesterday", "hints": []}])["detail"]
    assert client.get(f"/v1/films/{film}").json()["hints"]["hints"] == []


def test_the_hints_file_gives_the_same_film_on_the_command_line(client, film, tmp_path, clip):
    rng = np.random.default_rng(5)
    painted = picture.from_array(rng.integers(0, 255, (96, 160, 3), dtype=np.uint8))
    answer = client.post(
        f"/v1/films/{film}/pictures",
        params={"name": "é painted.png"},
        content=painted.encode("png"),
    ).json()
    assert not answer["gray"]
    kept = answer["picture"]
    assert picture.read(client.get(f"/v1/films/{film}/pictures/{kept}").content).width == 160
    hints = {
        "version": 1,
        "hints": [
            {"time": 0.2, "hints": [{"x": 100, "y": 60, "color": BLUE}]},
            {"time": 1.0, "picture": kept},
        ],
        "references": [{"picture": kept, "shots": [1]}],
        "cuts": {"add": [1.4]},
    }
    answer = client.put(f"/v1/films/{film}/hints", json=hints)
    assert answer.status_code == 200, answer.text
    order = {"container": "mkv", "vividness": 1.1}
    begun = client.post(f"/v1/films/{film}/rendering", json=order)
    assert begun.status_code == 202
    again = client.post(f"/v1/films/{film}/rendering", json=order)
    assert again.status_code == 409
    state = state_when(client, film, lambda state: state["rendering"]["state"] == "finished")
    assert state["rendering"]["frames"] == 44
    assert state["rendering"]["order"]["vividness"] == 1.1
    assert not state["rendering"]["outdated"]
    result = client.get(f"/v1/films/{film}/result")
    assert 'filename="old film-color.mkv"' in result.headers["content-disposition"]
    assert len(result.content) == state["rendering"]["size_bytes"]

    saved = client.get(f"/v1/films/{film}/hints")
    with zipfile.ZipFile(io.BytesIO(saved.content)) as archive:
        archive.extractall(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {kept, "old film.hints.json"}
    command = [SCRIPT, "video", clip, "-o", tmp_path / "again.mkv", "--vividness", "1.1"]
    command += ["--hints", tmp_path / "old film.hints.json"]
    subprocess.run(command, check=True, capture_output=True)
    same = (tmp_path / "again.mkv").read_bytes() == result.content
    assert same
    state = client.put(f"/v1/films/{film}/hints", json={**hints, "cuts": {}}).json()
    assert state["rendering"]["outdated"]
    assert not client.put(f"/v1/films/{film}/hints", json=hints).json()["rendering"]["outdated"]


def test_a_film_that_cannot_be_written_so_says_why(client, film):
    order = {"container": "webm", "codec": "h264"}
    assert client.post(f"/v1/films/{film}/rendering", json=order).status_code == 202
    state = state_when(client, film, lambda state: state["rendering"]["state"] == "failed")
    assert "h264" in state["rendering"]["problem"]["detail"]
    assert "/" not in state["rendering"]["problem"]["detail"].replace("://", "")


def test_a_picture_without_color_is_kept_and_said_to_have_none(client, film):
    frame = client.get(f"/v1/films/{film}/frame", params={"number": 0})
    answer = client.post(f"/v1/films/{film}/pictures", content=frame.content)
    assert answer.status_code == 201
    assert answer.json()["gray"]


def test_frames_of_other_parts_and_too_many_cuts_are_refused(client, film):
    order = {"shot": 2, "part": 0, "large": 3}
    answer = client.post(f"/v1/films/{film}/glimpse", json=order)
    assert answer.status_code == 404
    assert "Frame 3" in answer.json()["detail"]
    hints = {"version": 1, "cuts": {"add": [one / 1000 for one in range(1001)]}}
    assert client.put(f"/v1/films/{film}/hints", json=hints).status_code == 422


def test_only_the_latest_kind_of_file_is_kept(client, film):
    folder = client.app.state.studio.films.get(film).path.parent
    for container in ("mkv", "mp4"):
        order = {"container": container}
        assert client.post(f"/v1/films/{film}/rendering", json=order).status_code == 202
        client.delete(f"/v1/films/{film}/rendering")
        state_when(client, film, has_ended)
    names = {one.name for one in folder.iterdir()} - {"film.mkv", "pictures"}
    assert all(name.startswith("old film-color.mp4") for name in names)


def test_the_orders_default_to_what_the_command_does():
    from photochrom.video import coloring, encoding

    assert film_orders.VIVIDNESS == coloring.VIVIDNESS
    assert film_orders.RenderOrder().every == coloring.EVERY
    names = set(film_orders.Container.__args__)
    assert {f".{name}" for name in names} == set(encoding.CONTAINERS)
    assert set(film_orders.CodecName.__args__) == set(encoding.CODECS)
