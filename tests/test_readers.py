"""Whatever stands in a file of text from outside, its reader ends in a value or in our error."""

import copy
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photochrom.batch.manifest import Record
from photochrom.batch.parts import ObjectRecord
from photochrom.errors import PhotochromError
from photochrom.models import weights
from photochrom.models.contract import ModelContract
from photochrom.models.descriptor import read_descriptor
from photochrom.models.file import read_contract
from photochrom.models.plain import DEPTH, MOST_LINE_BYTES, read_entries, read_json, read_toml
from photochrom.runtime.edits import load_edits
from photochrom.runtime.hints import load_hints
from photochrom.training.config import load_recipe, recipe_from_dict


def as_toml(table):
    """A table as TOML, as far as its values can be written so."""
    return "\n".join(f"{json.dumps(key)} = {_toml(value)}" for key, value in table.items())


def _toml(value):
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {_toml(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return "''" if value is None else json.dumps(value).replace("Infinity", "inf")


@dataclass(frozen=True)
class Reader:
    """How a kind of file is read, and one that is right."""

    right: Callable[[], dict[str, Any]]
    read: Callable[[Any], object]
    write: Callable[[Any], str] = json.dumps
    errors: type[Exception] = PhotochromError


def load_film_hints(path):
    pytest.importorskip("av")
    from photochrom.video.hints import load_film_hints

    return load_film_hints(path)


def contract():
    return json.loads(read_contract(weights.find_model("photochrom")).to_json())


MARK = {"x": 3, "y": 4.5, "color": "#cc2244", "radius_px": 3, "reach": 1}
EDITS = {"photochrom": "edits", "version": 1, "hints": [MARK], "palette": ["#cc2244"]}
EDITS |= {"lock": [{"points": [[1, 2], [3, 4]], "radius_px": 9}], "vividness": 1.2}
FILM = {
    "version": 1,
    "hints": [{"time": 12.48, "hints": [MARK], "span": "shot"}, {"frame": 9, "picture": "9.png"}],
    "references": [{"picture": "a.jpg", "shots": [3, 4]}],
    "cuts": {"add": [31.2], "remove": [40.0]},
}
RECORD = {"input": "a.jpg", "output": "b.jpg", "status": "done", "seconds": 0.5, "sha256": "00"}
RECORD |= {"model": "m", "model_version": "2", "input_bytes": 9, "output_bytes": 9}
RECIPE = {"data": {"weights": {"a": 2}, "crop_area": [0.5, 1.0]}, "model": {"kind": "photochrom"}}
OTHERS = {"like": "ddcolor", "mean": [0.5], "side": 512, "shape": "square"}

READERS = {
    "record": Reader(
        lambda: RECORD | {"input_mtime_ns": 1, "output_mtime_ns": 2},
        Record.from_json,
        errors=ValueError,
    ),
    "record of an object": Reader(
        lambda: RECORD | {"input_e_tag": "a", "output_e_tag": "b"},
        ObjectRecord.from_json,
        errors=ValueError,
    ),
    "contract": Reader(contract, lambda text: ModelContract.from_json(text, name="m.onnx")),
    "hints": Reader(lambda: {"hints": [MARK, MARK | {"reach": 2}]}, load_hints),
    "edits": Reader(lambda: EDITS, load_edits),
    "hints of a film": Reader(lambda: FILM, load_film_hints),
    "recipe": Reader(lambda: RECIPE, load_recipe, as_toml),
    "recipe of a checkpoint": Reader(
        lambda: RECIPE | {"name": "a"}, recipe_from_dict, write=lambda table: table
    ),
    "descriptor": Reader(lambda: OTHERS, read_descriptor, as_toml),
}
OF_TEXT = {"record", "record of an object", "contract"}
"""Are read from a text, others from a file or a table."""

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**400, -(10**400), 2**63, 1e308, float("inf"), float("nan"), 0.0]),
    st.text(max_size=6),
    st.sampled_from(["\ud800", "\0", "#c24", "done", "nan", "1e999"]),
)
DEPTHS = st.sampled_from([8, DEPTH, 400, 900, 960, 975, 985, 990])


@st.composite
def deep(draw):
    """Lists or tables within each other."""
    value = draw(SCALARS)
    key = draw(st.sampled_from(["a", "x", "hints"]))
    as_list = draw(st.booleans())
    for _ in range(draw(DEPTHS)):
        value = [value] if as_list else {key: value}
    return value


VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.lists(st.lists(SCALARS, max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["x", "y", "a", "points", "color"]), SCALARS, max_size=3),
    deep(),
)


def places(content, path=()):
    """The ways to all values within a content."""
    yield path
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(len(content)):
            yield from places(content[key], (*path, key))


def changed(content, path, value):
    """The same content with another value at one place."""
    if not path:
        return value
    content = copy.copy(content)
    content[path[0]] = changed(content[path[0]], path[1:], value)
    return content


def text_of(write, content):
    """A content as text, or None where it is too deep to be written by us."""
    try:
        return write(content)
    except (RecursionError, AttributeError):
        return None


def read(name, written, place):
    reader = READERS[name]
    if isinstance(written, str) and name not in OF_TEXT:
        place.write_text(written, encoding="utf-8", errors="surrogatepass")
        written = place
    try:
        found = reader.read(written)
    except reader.errors:
        return None
    return repr(found)


@pytest.mark.parametrize("name", READERS)
def test_a_right_one_is_read(name, tmp_path):
    reader = READERS[name]
    assert read(name, reader.write(reader.right()), tmp_path / "f.toml")


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_value_is_read_or_refused_by_our_error(name, data, tmp_path):
    reader = READERS[name]
    right = reader.right()
    path = data.draw(st.sampled_from([one for one in places(right) if len(one) < 5]))
    written = text_of(reader.write, changed(right, path, data.draw(VALUES)))
    if written is not None:
        read(name, written, tmp_path / "f.toml")


@pytest.mark.parametrize("name", [name for name in READERS if name != "recipe of a checkpoint"])
@given(data=st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_read_or_refused_by_our_error(name, data, tmp_path):
    reader = READERS[name]
    whole = reader.write(reader.right())
    at = data.draw(st.integers(0, len(whole)))
    put = data.draw(st.text(max_size=3) | st.sampled_from(["[" * 3000, '{"a":' * 3000, "9" * 5000]))
    left_out = data.draw(st.integers(0, 20))
    read(name, whole[:at] + put + whole[at + left_out :], tmp_path / "f.toml")


@pytest.mark.parametrize("depth", [DEPTH - 1, DEPTH, DEPTH + 1, 900, 100_000])
def test_nesting_is_bounded(depth):
    text = "[" * depth + "]" * depth
    if depth <= DEPTH:
        assert read_json(text)[0] == read_toml(f"a = {text[1:-1]}")["a"]
    else:
        for call in (read_json, lambda text: read_toml(f"a = {text}")):
            with pytest.raises(ValueError, match="nested more than"):
                call(text)


@pytest.mark.skipif(os.name == "nt", reason="it has no such devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
@pytest.mark.parametrize("name", sorted(set(READERS) - OF_TEXT - {"recipe of a checkpoint"}))
def test_a_device_without_an_end_is_refused(name, device):
    with pytest.raises(READERS[name].errors, match="it has no end after 64 MB"):
        READERS[name].read(Path(device))


@pytest.mark.parametrize("end", [b"\n", b"\0"])
def test_a_list_may_be_long_as_a_whole(end):
    names = [b"%d.jpg" % number for number in range(30_000)]
    assert list(read_entries(io.BytesIO(end + end.join(names) + end), end)) == names
    assert list(read_entries(io.BytesIO(end.join([*names[:2], b"", b"a"])), end)) == [
        *names[:2],
        b"a",
    ]


@pytest.mark.parametrize(
    "written",
    [
        bytes(MOST_LINE_BYTES),
        b"\n" * MOST_LINE_BYTES,
        b"a" * MOST_LINE_BYTES,
        b"a\n" + b"b" * (MOST_LINE_BYTES + 1) + b"\nc",
        b"a\n" * (MOST_LINE_BYTES - 9) + b"b" * (2 * MOST_LINE_BYTES) + b"\nc",
    ],
)
def test_a_line_without_an_end_is_refused(written):
    with pytest.raises(ValueError, match="65,536 bytes and more without a name's end"):
        list(read_entries(io.BytesIO(written), b"\n"))


def test_a_list_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr("photochrom.models.plain.MOST_LIST_BYTES", 2**20)
    with pytest.raises(ValueError, match="no end after 1 MB"):
        list(read_entries(io.BytesIO(b"a.jpg\n" * 2**18), b"\n"))
