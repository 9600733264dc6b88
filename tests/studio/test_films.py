"""`photochrom.studio.films`: films on the server are opened within bounds, and leave nothing."""

import errno
import time

import numpy as np
import pytest

from footage import (
    PATIENCE_S,
    has_ended,
    looked_through,
    opened,
    received,
    state_when,
    textured,
    write,
)
from photochrom.pictures import picture
from photochrom.runtime.memory import Budget
from photochrom.studio import disk, films
from photochrom.studio.limits import Limits

pytest.importorskip("av")


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


def test_a_picture_that_finds_no_room_is_refused_and_leaves_nothing(client, film, monkeypatch):
    sent = picture.from_array(np.full((96, 160, 3), 90, np.uint8)).encode("png")
    folder = client.app.state.studio.films.get(film).pictures.folder
    with monkeypatch.context() as patch:
        patch.setattr(disk, "SPARE_BYTES", 1 << 62)
        answer = client.post(f"/v1/films/{film}/pictures", content=sent)
    assert answer.status_code == 507
    assert list(folder.iterdir()) == []


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
