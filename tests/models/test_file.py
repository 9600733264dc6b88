"""`photochrom.models.file`: contracts are read from files, without ONNX Runtime."""

import hashlib
import subprocess
import sys

import pytest

from photochrom.errors import ContractError, ModelNotFoundError
from photochrom.models.contract import METADATA_KEY, ModelContract
from photochrom.models.file import read_contract
from photochrom.models.session import Session
from photochrom.models.weights import find_model, shipped_models

CONTRACT = ModelContract(name="tiny", output="ab", features=(), stride=1)


def field(number, content):
    """A field of a Protocol Buffers message that has its length before it."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def entry(key, value):
    return field(14, field(1, key.encode()) + field(2, value.encode()))


GRAPH = field(7, b"some nodes")
PLAIN = varint(1 << 3) + varint(10) + GRAPH + entry("other", "x")


@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_a_shipped_model_says_the_same_as_its_session(model):
    contract = read_contract(model.path)
    assert contract == Session(model.path, threads=1).contract
    assert contract.name == model.name
    assert contract.sha256 == model.sha256
    assert contract.identity == (model.name, contract.model_version, model.sha256)


def test_no_session_is_made_and_onnx_runtime_is_not_loaded():
    code = (
        "import sys; from photochrom.models.file import read_contract; from pathlib import Path;"
        f"print(read_contract(Path({str(find_model())!r})).name, 'onnxruntime' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout.split() == ["photochrom", "False"]


def test_the_contract_is_found_wherever_it_stands(tmp_path):
    fixed = varint(20 << 3 | 5) + bytes(4) + varint(21 << 3 | 1) + bytes(8)
    content = fixed + entry(METADATA_KEY, CONTRACT.to_json()) + PLAIN
    (tmp_path / "m.onnx").write_bytes(content)
    contract = read_contract(tmp_path / "m.onnx")
    assert (contract.name, contract.stride) == ("tiny", 1)
    assert contract.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no model at all",
        PLAIN[:-1],
        entry(METADATA_KEY, CONTRACT.to_json()),
        GRAPH + varint(3 << 3 | 3),
        GRAPH + b"\xff" * 20,
        GRAPH + b"\xff",
        GRAPH + varint(9 << 3 | 2) + varint(2**63),
        GRAPH + field(14, field(1, METADATA_KEY.encode()) + field(2, b"\xff")),
    ],
)
def test_what_is_no_onnx_file_is_refused(content, tmp_path):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ContractError, match=r"m\.onnx: this is not a complete ONNX model"):
        read_contract(tmp_path / "m.onnx")


def test_an_onnx_file_without_a_contract_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(PLAIN)
    with pytest.raises(ContractError, match="not one of Photochrom's"):
        read_contract(tmp_path / "m.onnx")


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(ModelNotFoundError, match="the model file does not exist"):
        read_contract(tmp_path / "m.onnx")
