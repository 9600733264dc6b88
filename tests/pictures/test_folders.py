"""`photochrom.pictures.folders`: which files of a folder are taken for pictures."""

import pytest

from photochrom.errors import DataError
from photochrom.pictures.folders import list_pictures


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
