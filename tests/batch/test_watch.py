"""`photochrom.batch.watch`: a photograph is given out when it has stopped growing."""

from pathlib import Path

import pytest

from photochrom.batch.plan import plan
from photochrom.batch.watch import watch


class Watched:
    """A watched folder; `look` is one look, and gives the names of what is ready."""

    def __init__(self):
        self.stopped = False
        Path("in").mkdir()
        self._looks = watch(lambda: plan(["in"], "out"), interval_s=0, stop=lambda: self.stopped)

    def look(self):
        return [job.source.name for job in next(self._looks)]

    def stop(self):
        self.stopped = True
        return list(self._looks)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Watched()


def grow(name, part):
    with Path("in", name).open("ab") as file:
        file.write(part)


def test_an_empty_folder_is_waited_for(watched):
    assert watched.look() == []
    assert watched.look() == []
    assert watched.stop() == []


def test_what_is_there_comes_at_the_second_look_and_once(watched):
    grow("b.jpg", b"all of it")
    grow("a.jpg", b"all of it")
    assert watched.look() == []
    assert watched.look() == ["a.jpg", "b.jpg"]
    assert watched.look() == []


def test_a_file_that_grows_is_waited_for(watched):
    grow("a.jpg", b"one part")
    assert watched.look() == []
    grow("a.jpg", b"another part")
    assert watched.look() == []
    grow("a.jpg", b"and the last")
    assert watched.look() == []
    assert watched.look() == ["a.jpg"]


def test_an_empty_file_is_not_complete(watched):
    grow("a.jpg", b"")
    assert [watched.look() for _ in range(3)] == [[], [], []]
    grow("a.jpg", b"content")
    assert watched.look() == []
    assert watched.look() == ["a.jpg"]


def test_a_file_that_changes_later_comes_again(watched):
    grow("a.jpg", b"first")
    looks = [watched.look() for _ in range(3)]
    grow("a.jpg", b"second")
    looks += [watched.look() for _ in range(3)]
    assert looks == [[], ["a.jpg"], [], [], ["a.jpg"], []]


def test_a_file_that_goes_away_and_comes_back_changed_comes_again(watched):
    grow("a.jpg", b"first")
    looks = [watched.look() for _ in range(2)]
    Path("in/a.jpg").unlink()
    looks.append(watched.look())
    grow("a.jpg", b"other")
    looks += [watched.look() for _ in range(2)]
    assert looks == [[], ["a.jpg"], [], [], ["a.jpg"]]


def test_a_file_whose_place_another_one_takes_comes_again(watched):
    grow("a.gif", b"a GIF")
    assert [watched.look() for _ in range(2)] == [[], ["a.gif"]]
    grow("a.png", b"a PNG, whose name the result of the GIF had")
    assert watched.look() == ["a.gif"]
    assert watched.look() == ["a.png"]


def test_the_watch_ends_between_looks(watched):
    grow("a.jpg", b"all of it")
    watched.look()
    assert watched.stop() == []
