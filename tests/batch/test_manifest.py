"""`photochrom.batch.manifest`: lines that survive a kill, a full disk and odd names."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from photochrom.batch import manifest
from photochrom.batch.manifest import Manifest, Record, Stamp, sha256_of
from photochrom.errors import ManifestError
from photochrom.models.contract import ModelIdentity

PLACE = Path("out/photochrom-manifest.jsonl")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(output="a.jpg", status="done", **changes):
    return Record(
        input="in/a.jpg",
        output=output,
        status=status,
        input_stamp=Stamp(100, 1_700_000_000_123_456_789),
        output_stamp=Stamp(200, 1_700_000_001_000_000_000),
        **changes,
    )


def write(*records):
    with Manifest(PLACE) as written:
        for one in records:
            written.append(one)


# Lines


def test_a_line_is_json_that_others_can_read():
    write(record(sha256="ab", model=ModelIdentity("tiny", "2", "cd"), seconds=0.12345))
    assert json.loads(PLACE.read_text()) == {
        "input": "in/a.jpg",
        "output": "a.jpg",
        "status": "done",
        "seconds": 0.123,
        "model": "tiny",
        "model_version": "2",
        "model_sha256": "cd",
        "sha256": "ab",
        "input_bytes": 100,
        "input_mtime_ns": 1_700_000_000_123_456_789,
        "output_bytes": 200,
        "output_mtime_ns": 1_700_000_001_000_000_000,
    }


@pytest.mark.parametrize(
    "one",
    [
        record(sha256="ab", model=ModelIdentity("tiny", "2", "cd"), seconds=0.5),
        record(model=ModelIdentity("tiny")),
        record(status="failed", error="in/a.jpg: it is broken\nreally"),
        Record(input="-", output="stdin.png", status="done"),
        record(output="Großmutter 祖母.jpg"),
        record(output=os.fsdecode(b"\xff\xe9.jpg")),
    ],
)
def test_a_record_comes_back_as_it_was(one):
    line = one.to_json()
    assert "\n" not in line
    assert Record.from_json(line.encode()) == one


def test_names_are_readable_where_they_can_be():
    assert "祖母" in record(output="祖母.jpg").to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"input": "a"}', "\0\0", "\xff"])
def test_what_is_no_record_is_a_value_error(text):
    with pytest.raises(ValueError, match="not a record"):
        Record.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        *(
            {key: value}
            for key in ("input", "output", "sha256", "error")
            for value in (1, [], None)
        ),
        *({"status": value} for value in ("finished", 3, {}, ["done"])),
        *({"model": value} for value in (5, [], {"name": "x"})),
        *({"seconds": value} for value in ("1", [], True)),
        *({"input_bytes": value} for value in ("9", 1.5, [], True, float("inf"))),
        *({"output_mtime_ns": value} for value in (None, "x", float("nan"))),
    ],
)
def test_wrong_types_are_no_record_and_cost_no_other_line(change):
    table = json.loads(record("b.jpg").to_json()) | change
    text = json.dumps(table)
    with pytest.raises(ValueError, match="not a record"):
        Record.from_json(text)
    write(record())
    with PLACE.open("a") as file:
        file.write(text + "\n" + record("c.jpg").to_json() + "\n")
    with Manifest(PLACE) as read:
        assert set(read.done) == {"a.jpg", "c.jpg"}
        assert read.unreadable == 1


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_nesting_is_no_record(text):
    with pytest.raises(ValueError, match="not a record"):
        Record.from_json(text)


def test_a_manifest_that_was_removed_is_made_anew():
    with Manifest(PLACE) as written:
        written.append(record())
        shutil.rmtree(PLACE.parent)
        written.append(record("b.jpg"))
        written.append(record("c.jpg"))
        assert written.times_remade == 1
        with pytest.raises(ManifestError, match="another run"):
            Manifest(PLACE)
    with Manifest(PLACE) as read:
        assert set(read.done) == {"a.jpg", "b.jpg", "c.jpg"}


def test_a_manifest_that_another_run_has_made_meanwhile_is_left_to_it():
    with Manifest(PLACE) as written:
        PLACE.unlink()
        with Manifest(PLACE) as other:
            with pytest.raises(ManifestError, match="another run"):
                written.append(record())
            other.append(record("b.jpg"))
    assert PLACE.read_text() == record("b.jpg").to_json() + "\n"


def test_keys_of_later_versions_do_not_matter():
    table = json.loads(record().to_json()) | {"mood": "sunny"}
    assert Record.from_json(json.dumps(table)) == record()


# The file


def test_the_last_done_record_of_each_output_counts():
    write(
        record(sha256="1"),
        record("b.jpg", sha256="2"),
        record(sha256="3"),
        record(status="failed", error="broken"),
    )
    with Manifest(PLACE) as read:
        assert {key: one.sha256 for key, one in read.done.items()} == {"a.jpg": "3", "b.jpg": "2"}
        assert read.replacing == {}


def test_a_replacement_is_open_until_it_is_done():
    begun = record(status="replacing")
    write(record(sha256="1"), begun)
    with Manifest(PLACE) as written:
        assert written.replacing == {"a.jpg": begun}
        written.append(record(sha256="2"))
        assert written.replacing == {}
    with Manifest(PLACE) as read:
        assert read.replacing == {}


@pytest.mark.parametrize("kept", [0, 1, 5, 100])
def test_a_torn_last_line_is_cut_off(kept):
    write(record(), record("b.jpg"))
    whole = PLACE.read_bytes()
    torn = record("c.jpg").to_json().encode()[:kept]
    PLACE.write_bytes(whole + torn)
    assert set(Manifest(PLACE, write=False).done) == {"a.jpg", "b.jpg"}
    assert PLACE.read_bytes() == whole + torn
    write(record("d.jpg"))
    assert PLACE.read_bytes() == whole + record("d.jpg").to_json().encode() + b"\n"


@pytest.mark.parametrize("torn", [b"", b"{", b'{"inp', b'{"input": "in/a.j', b"\0\0\0"])
def test_a_manifest_that_was_torn_at_its_first_line_begins_anew(torn):
    PLACE.parent.mkdir()
    PLACE.write_bytes(torn)
    write(record())
    assert PLACE.read_text() == record().to_json() + "\n"


def test_a_line_that_is_damaged_in_the_middle_is_as_if_it_were_not_there():
    write(record(), record("b.jpg"), record("c.jpg"))
    lines = PLACE.read_bytes().split(b"\n")
    PLACE.write_bytes(b"\n".join([lines[0], b"\0" * 40, *lines[2:]]))
    with Manifest(PLACE) as read:
        assert set(read.done) == {"a.jpg", "c.jpg"}


@pytest.mark.parametrize("content", [b"precious", b"\xff\xd8\xff\xe0 a JPEG\n", b'{"other": 1}\n'])
@pytest.mark.parametrize("write", [True, False])
def test_another_file_is_left_alone(content, write):
    Path("notes").write_bytes(content)
    with pytest.raises(ManifestError, match=r"notes: this is not a Photochrom manifest"):
        Manifest(Path("notes"), write=write)
    assert Path("notes").read_bytes() == content


@pytest.mark.parametrize("place", ["folder", "file/manifest.jsonl", "/dev/full"])
def test_what_cannot_be_a_manifest_is_named(place):
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(ManifestError, match=f"{place}: "):
        Manifest(Path(place))


def test_a_second_run_is_kept_away_until_the_first_has_ended():
    with Manifest(PLACE), pytest.raises(ManifestError, match="another run is working"):
        Manifest(PLACE)
    with Manifest(PLACE):
        Manifest(PLACE, write=False)  # looking is always allowed


def test_a_full_disk_leaves_no_half_line(monkeypatch):
    write(record())
    whole = PLACE.read_bytes()
    real = os.write
    monkeypatch.setattr(manifest.os, "write", lambda file, line: real(file, line[:10]))
    with Manifest(PLACE) as written:
        with pytest.raises(ManifestError, match="can't be written"):
            written.append(record("b.jpg"))
        assert "b.jpg" not in written.done
    assert PLACE.read_bytes() == whole


def test_outputs_below_the_manifest_are_named_from_there():
    written = Manifest(PLACE, write=False)
    assert written.key(Path("out/x/a.jpg")) == "x/a.jpg"
    assert written.key(Path("in/../out/a.jpg")) == "a.jpg"
    assert written.key(Path("elsewhere/a.jpg")) == str(Path("elsewhere/a.jpg").absolute())
    assert written.key(Path("out-2/a.jpg")) == str(Path("out-2/a.jpg").absolute())


def test_the_hash_is_sha256():
    Path("a").write_bytes(b"some bytes")
    assert sha256_of(Path("a")) == hashlib.sha256(b"some bytes").hexdigest()


def test_the_stamp_of_nothing_is_none():
    assert Stamp.of(Path("missing")) is None
    Path("a").write_bytes(b"abc")
    assert Stamp.of(Path("a")).size_bytes == 3
