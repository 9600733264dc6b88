"""`photochrom.studio.shelf` and `workshop`: what is kept, for how long, and who does the work."""

import pytest

from photochrom.studio.held import Held
from photochrom.studio.limits import Limits
from photochrom.studio.problems import Problem
from photochrom.studio.shelf import Shelf
from photochrom.studio.workshop import Workshop
from served import is_problem, opened, until

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
