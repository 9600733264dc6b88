"""`photochrom.batch.parts` and `status`: records that many processes write, merged."""

import threading

import pytest

from photochrom.batch import parts
from photochrom.batch.parts import ObjectRecord, Parts
from photochrom.batch.status import summarize
from photochrom.errors import DataError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import stores
from photochrom.pictures.stores import Address, ObjectStamp

pytest.importorskip("obstore")


def record(number, status="done", **changes):
    return ObjectRecord(
        input=f"s3://bucket/in/{number}.jpg",
        output=f"{number}.jpg",
        status=status,
        input_stamp=ObjectStamp(100, "a"),
        output_stamp=ObjectStamp(200, str(number)) if status == "done" else None,
        seconds=0.5,
        **changes,
    )


def test_a_line_comes_back():
    one = record(1, sha256="ab", model=ModelIdentity("tiny", "2", "cd"))
    assert ObjectRecord.from_json(one.to_json()) == one
    failed = record("ä\udcff", "failed", error="it's broken")
    assert ObjectRecord.from_json(failed.to_json()) == failed


def test_tags_are_the_same_with_quotation_marks_and_without():
    line = record(1).to_json()
    assert '"input_e_tag": "a"' in line
    quoted = line.replace('"input_e_tag": "a"', '"input_e_tag": "\\"a\\""')
    assert ObjectRecord.from_json(quoted) == record(1)


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", "1", '{"input": "a", "output": "b", "status": "odd"}', "[" * 100_000]
)
def test_what_is_no_record_is_refused(line):
    with pytest.raises(ValueError, match="not a record"):
        ObjectRecord.from_json(line)


@pytest.mark.parametrize("where", ["s3", "tmp_path"])
def test_what_several_processes_write_is_merged(request, where):
    place = Address.parse(str(request.getfixturevalue(where)))
    writers = [Parts(place.below(parts.NAME)) for _ in range(3)]
    for index, writer in enumerate(writers):
        with writer:
            for number in range(index, 30, 3):
                writer.append(record(number))
            writer.flush()
            writer.append(record(100 + index, "failed", error="broken"))
    stores.put(place.below(f"{parts.NAME}/notes.txt"), b"somebody's\n", notes={})
    found = list(parts.read(place.below(parts.NAME)))
    assert {one.output for one in found if one.status == "done"} == {
        f"{number}.jpg" for number in range(30)
    }
    assert len(found) == 33
    assert sum(1 for _ in stores.listed(place.below(parts.NAME))) == 7


def test_many_threads_write_into_one_part(tmp_path):
    place = Address.parse(str(tmp_path))
    with Parts(place) as written:
        threads = [
            threading.Thread(
                target=lambda n=n: [written.append(record(10 * n + m)) for m in range(10)]
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({one.output for one in parts.read(place)}) == 80
    assert len(list(tmp_path.iterdir())) == 1


def test_a_part_is_written_when_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "LINES", 4)
    written = Parts(Address.parse(str(tmp_path)))
    for number in range(9):
        written.append(record(number))
    assert len(list(parts.read(Address.parse(str(tmp_path))))) == 8


def test_the_status_counts_each_photograph_once(tmp_path):
    place = Address.parse(str(tmp_path)).below(parts.NAME)
    with Parts(place) as first:
        first.append(record(1, "failed", error="broken"))
        first.append(record(2))
        first.append(record(3, "skipped"))
        first.append(record(4, "failed", error="empty"))
        first.append(record(5, "failed", error="the store was busy"))
    with Parts(place) as second:
        second.append(record(1, model=ModelIdentity("tiny", "", "")))
        second.append(record(2))
        second.append(record(2, "failed", error="the object already exists"))
        second.append(record(5, "skipped"))
    found = summarize(str(tmp_path))
    assert (found.done, found.failed, found.skipped, found.repeated) == (2, 1, 2, 1)
    assert (found.input_bytes, found.output_bytes, found.seconds) == (200, 400, 1.0)
    assert found.errors == {"4.jpg": "empty"}
    assert found.models == {"tiny": 1, "unknown": 2}


def test_a_place_without_a_manifest_has_no_status(tmp_path):
    with pytest.raises(DataError, match="no batch manifest"):
        summarize(str(tmp_path))
