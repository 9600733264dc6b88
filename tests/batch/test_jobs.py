"""`photochrom.batch.jobs`: one photograph is colorized, and its result is written or is not."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from photochrom.batch.jobs import KEPT, Job, Shared
from photochrom.batch.plan import each_alternative
from photochrom.errors import (
    JobError,
    NoAlternativeError,
    OutputExistsError,
    PictureReadError,
    PictureWriteError,
)
from photochrom.pictures import picture
from photochrom.runtime.alternatives import Alternative
from photochrom.runtime.hints import Hint
from photochrom.runtime.options import Options
from photochrom.runtime.tone import Tone


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in an empty folder, so that paths are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


class Inverter:
    """Stands in for a `Colorizer` and for what it prepares; counts what it was given."""

    def __init__(self):
        self.seen, self.asked, self.searched = [], [], []

    def prepare(self, source, *, only_gray=False, once=False):
        self.seen.append(source.name)
        self.picture = source
        return self

    def paint(self, **asked):
        self.asked.append(asked)
        return picture.from_array(255 - self.picture.srgb())

    def confidence_picture(self, *, hints, reference):
        self.asked.append({"hints": hints, "reference": reference})
        return picture.from_array(np.full(self.picture.size, 7, np.uint8))

    def alternatives(self, count, *, seed):
        self.searched.append(count)
        found = [Hint(points=((number, seed),), ab=(9, 9)) for number in range(2)]
        return tuple(Alternative(hints=(hint,), likelihood=0.5) for hint in found[:count])


@pytest.fixture
def inverter():
    return Inverter()


@pytest.fixture
def photograph(gray_picture):
    gray_picture.save("old.png")
    return 255 - gray_picture.srgb()


def test_a_job_writes_the_result_and_says_what_it_is(inverter, photograph):
    made = Job(source=Path("old.png"), target=Path("new.png")).run(inverter)
    np.testing.assert_array_equal(picture.read("new.png").srgb(), photograph)
    assert made == (photograph.shape[1], photograph.shape[0], (), 0, None)
    assert inverter.seen == ["old.png"]


def test_a_job_makes_the_folders_of_its_target(inverter, photograph):
    Job(source=Path("old.png"), target=Path("some/where/else/new.png")).run(inverter)
    np.testing.assert_array_equal(picture.read("some/where/else/new.png").srgb(), photograph)


def test_a_target_that_is_there_is_found_out_before_any_work(inverter, photograph):
    touch("new.png")
    for source in (Path("old.png"), None):  # stdin is not even read
        with pytest.raises(OutputExistsError, match=r"new\.png: the file already exists"):
            Job(source=source, target=Path("new.png")).run(inverter)
    assert Path("new.png").read_bytes() == b"x"
    assert inverter.seen == []


def test_force_replaces_what_is_there(inverter, photograph):
    touch("new.png")
    Job(source=Path("old.png"), target=Path("new.png")).run(inverter, force=True)
    np.testing.assert_array_equal(picture.read("new.png").srgb(), photograph)


def test_quality_reaches_the_file(inverter, photograph):
    for quality in (10, 90):
        target = Path(f"{quality}.jpg")
        Job(source=Path("old.png"), target=target).run(inverter, options=Options(quality=quality))
    assert Path("10.jpg").stat().st_size < Path("90.jpg").stat().st_size


def test_what_is_asked_for_reaches_the_painting(inverter, photograph):
    dot = Hint.at(3, 4, "#c22")
    options = Options(hints=(dot,), palette=("#123456",), vividness=1.5, provenance=False)
    Job(source=Path("old.png"), target=Path("new.png")).run(
        inverter, options=options, reference="like that"
    )
    (asked,) = inverter.asked
    assert asked == {
        "hints": (dot,),
        "palette": ("#123456",),
        "reference": "like that",
        "vividness": 1.5,
        "provenance": False,
        "lock": (),
        "tone": Tone(),
        "lassos": (),
        "likeness": 1.0,
        "copy": None,
    }


def test_the_map_of_confidence_is_written_besides_and_knows_the_hints(inverter, photograph):
    job, dot = Job(source=Path("old.png"), target=Path("new.png")), Hint.at(3, 4, "#c22")
    job.run(inverter, options=Options(hints=(dot,)), confidence=Path("map.png"))
    assert inverter.asked[1] == {"hints": (dot,), "reference": None}
    assert (picture.read("map.png").srgb() == 7).all()
    np.testing.assert_array_equal(picture.read("new.png").srgb(), photograph)


@pytest.mark.parametrize("place", ["old.png", "./x/../old.png", "new.png"])
def test_the_map_of_confidence_is_never_written_over_the_photographs(place, inverter, photograph):
    Path("x").mkdir()
    before = Path("old.png").read_bytes()
    with pytest.raises(JobError, match="another place"):
        Job(source=Path("old.png"), target=Path("new.png")).run(
            inverter, confidence=Path(place), force=True
        )
    assert Path("old.png").read_bytes() == before
    assert inverter.seen == []


def test_a_map_that_is_there_is_found_out_before_any_work(inverter, photograph):
    touch("map.png")
    with pytest.raises(OutputExistsError, match=r"map\.png: the file already exists"):
        Job(source=Path("old.png"), target=Path("new.png")).run(
            inverter, confidence=Path("map.png")
        )
    assert Path("map.png").read_bytes() == b"x"
    assert inverter.seen == []


def test_a_source_that_cannot_be_read_leaves_no_folder_behind(inverter):
    touch("broken.png")
    with pytest.raises(PictureReadError, match=r"broken\.png"):
        Job(source=Path("broken.png"), target=Path("out/new.png")).run(inverter)
    assert not Path("out").exists()


def test_a_file_in_the_place_of_a_folder_is_a_write_error(inverter, photograph):
    touch("out")
    with pytest.raises(PictureWriteError, match="the folder can't be made"):
        Job(source=Path("old.png"), target=Path("out/new.png")).run(inverter)
    assert Path("out").read_bytes() == b"x"


# Alternatives


def test_an_alternative_is_painted_with_its_hints_below_those_given(inverter, photograph):
    dot = Hint.at(3, 4, "#c22")
    job = Job(source=Path("old.png"), target=Path("new.png"), alternative=2)
    job.run(inverter, options=Options(hints=(dot,), seed=5))
    assert inverter.asked[0]["hints"] == (Hint(points=((1, 5),), ab=(9, 9)), dot)


def test_an_alternative_that_is_not_there_is_refused_with_their_number(inverter, photograph):
    job = Job(source=Path("old.png"), target=Path("new.png"), alternative=3)
    with pytest.raises(NoAlternativeError, match=r"old\.png: there are 2 alternatives, not 3"):
        job.run(inverter)
    assert not Path("new.png").exists()


def test_all_alternatives_of_a_photograph_are_prepared_and_searched_once(inverter, photograph):
    jobs = each_alternative([Job(source=Path("old.png"), target=Path("new.png"))], 2)
    shared = Shared()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: job.run(inverter, shared=shared), jobs))
    assert inverter.seen == ["old.png"]
    assert inverter.searched == [2]
    assert sorted(asked["hints"][0].points for asked in inverter.asked) == [((0, 0),), ((1, 0),)]


def test_what_can_not_be_prepared_is_tried_again_for_the_next_alternative(inverter, photograph):
    shared, (first, second) = (
        Shared(),
        each_alternative([Job(source=Path("late.png"), target=Path("new.png"))], 2),
    )
    with pytest.raises(PictureReadError):
        first.run(inverter, shared=shared)
    Path("old.png").rename("late.png")
    second.run(inverter, shared=shared)
    assert Path("new-2.png").exists()


def test_only_the_last_photographs_are_kept(inverter, photograph):
    shared = Shared()
    names = [f"{number}.png" for number in range(2 * KEPT)]
    for name in [*names, names[-1], names[0]]:
        Path(name).write_bytes(Path("old.png").read_bytes())
        job = Job(source=Path(name), target=Path("new.png"), alternative=1, alternatives=1)
        job.run(inverter, shared=shared, force=True)
    assert inverter.seen == [*names, names[0]]


def test_names_for_messages():
    assert Job(source=Path("a/b.jpg"), target=None).name == "a/b.jpg"
    assert Job(source=None, target=Path("a.jpg")).name == "stdin"
