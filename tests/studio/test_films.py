"""Films on the server: opened, shown in glimpses, hinted, colored as a job, and closed."""

import asyncio
import base64
import errno
import io
import subprocess
import sysconfig
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from photochrom import color
from photochrom.pictures import picture
from photochrom.runtime.memory import Budget
from photochrom.studio import disk, film_orders, films
from photochrom.studio.limits import Limits

av = pytest.importorskip("av")

SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
PATIENCE_S = 120.0
BLUE = "#2244cc"


def textured(number, count, size=(96, 160)):
    """Frames of a pan over a texture, (count, h, w) uint8; another number is another shot."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(40, 220, (12, 16)).astype(float)
    height, width = size[0] + count, size[1] + count
    rows, columns = np.linspace(0, 10.99, height), np.linspace(0, 14.99, width)
    fine = np.stack([np.interp(rows, np.arange(12), line) for line in coarse.T], axis=1)
    fine = np.stack([np.interp(columns, np.arange(16), line) for line in fine])
    levels = fine.astype(np.uint8)
    return np.stack([levels[at : at + size[0], at : at + size[1]] for at in range(count)])


def write(path, frames, codec="ffv1"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:], "yuv420p"
        for levels in frames:
            frame = av.VideoFrame.from_ndarray(levels, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots of 20 and 24 frames."""
    frames = np.concatenate([textured(1, 20), textured(2, 24)])
    return write(tmp_path_factory.mktemp("films") / "old film.mkv", frames)


def opened(client, clip, name="old film.mkv"):
    answer = client.post("/v1/films", params={"name": name}, content=clip.read_bytes())
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def state_when(client, id_, holds):
    """The state of a film once something holds of it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        state = client.get(f"/v1/films/{id_}").json()
        if holds(state):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def looked_through(client, id_):
    return state_when(client, id_, lambda state: state["looking"]["finished"])


@pytest.fixture
def film(client, clip):
    """An open film that has been looked through: its id."""
    id_ = opened(client, clip)
    looked_through(client, id_)
    yield id_
    client.delete(f"/v1/films/{id_}")


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


def has_ended(state):
    """Whether the film's coloring was stopped, or was done before that."""
    return state["rendering"]["state"] in ("stopped", "finished")


def test_a_film_that_was_stopped_goes_on_and_leaves_nothing_when_it_is_closed(start, clip):
    client = start(workers=1)
    id_ = opened(client, clip)
    looked_through(client, id_)
    shelf = client.app.state.studio.films
    folder = shelf.get(id_).path.parent
    assert client.get(f"/v1/films/{id_}/result").status_code == 404
    assert client.post(f"/v1/films/{id_}/rendering", json={}).status_code == 202
    assert client.delete(f"/v1/films/{id_}/rendering").status_code == 204
    state_when(client, id_, has_ended)
    assert client.post(f"/v1/films/{id_}/rendering", json={}).status_code == 202
    state_when(client, id_, lambda state: state["rendering"]["state"] == "finished")
    assert client.delete(f"/v1/films/{id_}").status_code == 204
    assert not folder.exists()
    assert client.get(f"/v1/films/{id_}").json()["type"] == "urn:photochrom:problem:unknown-film"
    left = opened(client, clip)
    folder = shelf.get(left).path.parent
    client.server.should_exit = True
    until = time.monotonic() + PATIENCE_S
    while folder.parent.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder.parent.exists()


def test_a_film_that_cannot_be_written_so_says_why(client, film):
    order = {"container": "webm", "codec": "h264"}
    assert client.post(f"/v1/films/{film}/rendering", json=order).status_code == 202
    state = state_when(client, film, lambda state: state["rendering"]["state"] == "failed")
    assert "h264" in state["rendering"]["problem"]["detail"]
    assert "/" not in state["rendering"]["problem"]["detail"].replace("://", "")


def test_uploads_are_bounded_and_what_is_no_film_is_refused(start, clip, monkeypatch):
    size = clip.stat().st_size
    client = start(limits=Limits(film_bytes=size, films=1, uploading_bytes=1000), workers=1)

    def post(data, name="film.mkv"):
        return client.post("/v1/films", params={"name": name}, content=data)

    too_large = post(clip.read_bytes() + b"x")
    assert too_large.status_code == 413
    assert too_large.json()["type"] == "urn:photochrom:problem:too-large"
    unread = post(b"no film at all", name="not a film.mp4")
    assert unread.status_code == 422
    assert unread.json()["detail"].startswith("not a film.mp4: it can't be read as a film")
    assert post(b"").status_code == 422
    id_ = opened(client, clip)  # of all uploads together, films take nothing
    assert post(clip.read_bytes()).json()["type"] == "urn:photochrom:problem:too-many-films"
    assert client.delete(f"/v1/films/{id_}").status_code == 204
    monkeypatch.setattr(disk, "SPARE_BYTES", 1 << 62)
    full = post(clip.read_bytes())
    assert full.status_code == 507
    folders = list(client.app.state.studio.films._folder.path.glob("tmp*"))
    assert folders == []


def test_a_list_that_names_other_files_is_no_film(client, tmp_path):
    secret = write(tmp_path / "secret.ts", textured(3, 5), codec="mpeg2video")
    lists = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{secret}'\n",
    }
    for kind, text in lists.items():
        answer = client.post("/v1/films", params={"name": f"{kind}.m3u8"}, content=text.encode())
        assert answer.status_code == 422, kind


def received(shelf, clip):
    """Bring a film to the disk; returns its file."""

    async def chunks():
        yield clip.read_bytes()

    return asyncio.run(shelf.receive(chunks(), name="a.mkv", told=0))


def test_a_disk_that_takes_no_folder_does_not_count_as_a_film(start, clip, monkeypatch):
    client = start(limits=Limits(films=1), workers=1)

    def full(**where):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(films.tempfile, "mkdtemp", full)
        for _ in range(2):
            answer = client.post("/v1/films", content=clip.read_bytes())
            assert answer.status_code == 507
            assert answer.json()["type"] == "urn:photochrom:problem:disk-full"
    opened(client, clip)


def test_a_film_whose_frames_need_too_much_memory_is_refused(start, clip, monkeypatch):
    from photochrom.studio import open_film

    client = start(limits=Limits(work_bytes=70_000_000), workers=1)
    monkeypatch.setattr(open_film, "BYTES_PER_PIXEL", 1000)
    answer = client.post("/v1/films", params={"name": "large.mkv"}, content=clip.read_bytes())
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:photochrom:problem:memory"
    assert answer.json()["detail"].startswith("large.mkv: ")
    assert list(client.app.state.studio.films._folder.path.glob("tmp*")) == []


def test_looking_for_shots_waits_for_memory_and_ends_with_the_film(clip, colorizer):
    budget = Budget(100_000_000)
    shelf = films.Films(colorizer, limits=Limits(), budget=budget)
    try:
        with budget.taking(90_000_000, subject="other work"):
            waiting, closed = (shelf.open(received(shelf, clip), name) for name in "ab")
            shelf.remove(closed.id)
            time.sleep(0.3)
            assert waiting.state()["looking"]["frames"] == 0
        until = time.monotonic() + PATIENCE_S
        while not waiting.state()["looking"]["finished"] and time.monotonic() < until:
            time.sleep(0.05)
        assert waiting.state()["looking"]["frames"] == 44
        assert closed.state()["looking"]["frames"] == 0
    finally:
        shelf.clear()
    assert budget.taken == budget.waiting == 0


def test_what_nobody_has_foreseen_is_said_and_logged(client, clip, monkeypatch, caplog):
    from photochrom.studio import open_film

    def broken(*given, **more):
        raise ZeroDivisionError

    monkeypatch.setattr(open_film, "look_through", broken)
    id_ = opened(client, clip)
    state = state_when(client, id_, lambda state: state["problem"] is not None)
    assert state["problem"]["status"] == 500
    assert "ZeroDivisionError" in caplog.text
    client.delete(f"/v1/films/{id_}")


def test_a_picture_without_color_is_kept_and_said_to_have_none(client, film):
    frame = client.get(f"/v1/films/{film}/frame", params={"number": 0})
    answer = client.post(f"/v1/films/{film}/pictures", content=frame.content)
    assert answer.status_code == 201
    assert answer.json()["gray"]


def test_a_picture_that_finds_no_room_is_refused_and_leaves_nothing(client, film, monkeypatch):
    sent = picture.from_array(np.full((96, 160, 3), 90, np.uint8)).encode("png")
    folder = client.app.state.studio.films.get(film).pictures.folder
    with monkeypatch.context() as patch:
        patch.setattr(disk, "SPARE_BYTES", 1 << 62)
        answer = client.post(f"/v1/films/{film}/pictures", content=sent)
    assert answer.status_code == 507
    assert list(folder.iterdir()) == []


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


def test_films_are_forgotten_after_a_while(clip, colorizer):
    now = [0.0]
    shelf = films.Films(
        colorizer,
        limits=Limits(film_age_s=10),
        budget=Budget(1 << 40),
        clock=lambda: now[0],
    )
    path = received(shelf, clip)
    film = shelf.open(path, "a.mkv")
    now[0] = 9.0
    shelf.tidy()
    assert shelf.get(film.id) is film
    now[0] = 20.0
    shelf.tidy()
    assert len(shelf) == 0
    assert not path.exists()
    shelf.clear()


def test_without_the_extra_films_are_not_offered_and_it_says_why(client, monkeypatch):
    facts = client.get("/v1/films").json()
    assert facts["offered"]
    assert facts["containers"]["mp4"][0] == "h264"
    monkeypatch.setattr(films, "find_spec", lambda name: None)
    facts = client.get("/v1/films").json()
    assert not facts["offered"]
    assert "photochrom[video]" in facts["reason"]
    answer = client.post("/v1/films", content=b"abc")
    assert answer.status_code == 501
    assert answer.json()["type"] == "urn:photochrom:problem:no-films"
    assert client.get("/v1/films/any").status_code == 501


def test_the_orders_default_to_what_the_command_does():
    from photochrom.video import coloring, encoding

    assert film_orders.VIVIDNESS == coloring.VIVIDNESS
    assert film_orders.RenderOrder().every == coloring.EVERY
    names = set(film_orders.Container.__args__)
    assert {f".{name}" for name in names} == set(encoding.CONTAINERS)
    assert set(film_orders.CodecName.__args__) == set(encoding.CODECS)
