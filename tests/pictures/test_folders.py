"""`photochrom.pictures.folders`: which files of a folder are taken for pictures."""

import os

import pytest

from photochrom.errors import DataError
from photochrom.pictures.folders import list_linked, list_pictures, list_unseen


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_pictures_are_found_at_any_depth_in_order(tmp_path):
    names = ["b.JPG", "a/z.png", "a/deep/er/c.tiff", "d.webp", "e.gif"]
    touch(*(tmp_path / name for name in names))
    found = [path.relative_to(tmp_path).as_posix() for path in list_pictures(tmp_path)]
    assert found == sorted(names)


def test_other_files_and_hidden_ones_are_left_out(tmp_path):
    wanted = [tmp_path / name for name in ("a.JPG", "b/c.png", "b/d/e.webp", "z.tiff")]
    hidden = [tmp_path / name for name in (".f.jpg", "b/.g/h.jpg", "b/._c.png")]
    others = [tmp_path / name for name in ("notes.txt", "a.jpg.bak", "b/jpg")]
    touch(*reversed(wanted), *hidden, *others)
    (tmp_path / "folder.jpg").mkdir()
    assert list_pictures(tmp_path) == wanted


def test_what_is_hidden_counts_from_the_folder_that_was_asked_for(tmp_path):
    touch(tmp_path / ".photos" / "a.jpg")
    assert list_pictures(tmp_path / ".photos") == [tmp_path / ".photos" / "a.jpg"]


@pytest.mark.parametrize("name", ["missing", "file.jpg"])
def test_what_is_no_folder_is_refused(name, tmp_path):
    touch(tmp_path / "file.jpg")
    with pytest.raises(DataError, match="the folder does not exist"):
        list_pictures(tmp_path / name)


def test_a_folder_without_pictures_is_refused_and_says_what_it_looked_for(tmp_path):
    touch(tmp_path / "notes.txt", tmp_path / ".hidden.jpg")
    with pytest.raises(DataError, match=r"no pictures .*\.jpg .*\.png"):
        list_pictures(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own")
def test_links_that_lead_nowhere_are_named(tmp_path):
    touch(tmp_path / "a.jpg")
    for name in ("b.jpg", "c.txt", ".d.jpg"):
        (tmp_path / name).symlink_to("gone.jpg")
    (tmp_path / "e.jpg").symlink_to("a.jpg")
    [(path, why)] = list_unseen(tmp_path)
    assert path == tmp_path / "b.jpg"
    assert why == "the link leads to gone.jpg, which isn't there"


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own")
def test_linked_folders_are_listed_and_not_followed(tmp_path):
    touch(tmp_path / "a.jpg", tmp_path / "b" / "c.jpg", tmp_path / ".d" / "e.jpg")
    (tmp_path / "b" / "up").symlink_to(tmp_path)  # a loop
    (tmp_path / "f").symlink_to("b")
    (tmp_path / ".d" / "g").symlink_to(tmp_path / "b")
    assert list_linked(tmp_path) == [tmp_path / "b" / "up", tmp_path / "f"]
    assert list_pictures(tmp_path) == [tmp_path / "a.jpg", tmp_path / "b" / "c.jpg"]
    assert list_linked(tmp_path / "f") == [tmp_path / "f" / "up"]  # one that is named is entered
    assert list_pictures(tmp_path / "f") == [tmp_path / "f" / "c.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own")
def test_where_there_are_linked_folders_only_that_is_said(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="b: linked folders are not followed; name this one itself"):
        list_pictures(tmp_path / "album")


def test_folders_that_cannot_be_opened_are_named(tmp_path, monkeypatch):
    touch(tmp_path / "a.jpg", tmp_path / "closed" / "b.jpg")
    opened = os.scandir

    def scandir(path="."):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return opened(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list_pictures(tmp_path) == [tmp_path / "a.jpg"]
    closed = tmp_path / "closed"
    assert list_unseen(tmp_path) == [(closed, "can't be opened (Permission denied)")]
    with pytest.raises(DataError, match="closed: can't be opened"):
        list_pictures(closed)
