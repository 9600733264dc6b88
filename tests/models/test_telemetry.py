"""Nothing leaves the machine: no file, no socket and no look-up beside the work itself.

Each case is a fresh interpreter under a home and a temporary folder of its own. Files are seen
by what appears there; the network by Python's audit hooks, and where strace may be used by the
system calls, as ONNX Runtime's telemetry is native code.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "src" / "photochrom" / "samples" / "chelsea.jpg"
TRACES = "Microsoft/DeveloperTools/.onnxruntime"

HOOK = """
import os, sys
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
           "socket.getnameinfo", "socket.sendto", "socket.sendmsg", "urllib.Request")
def _watch(event, arguments):
    if event in NETWORK:
        os.write(2, f"NETWORK {event} {arguments}\\n".encode())
sys.addaudithook(_watch)
"""

COLORIZE = f"import photochrom; photochrom.Colorizer().colorize({str(SAMPLE)!r}).encode('png')"
COMMAND = """
import sys
sys.argv = ["photochrom", *{arguments!r}]
from photochrom.cli.main import main
main()
"""
SERVE = """
import asyncio
from photochrom import Colorizer
from photochrom.studio.server import create_app
app = create_app(Colorizer(), workers=1)
async def turn():
    async with app.router.lifespan_context(app):
        await asyncio.sleep({seconds})
asyncio.run(turn())
"""
TRAINING = ("torch", "torchvision", "timm", "onnx", "onnxscript", "scipy")
EXTRAS = ("uvicorn", "fastapi", "python_multipart", "prometheus_client", "rich", "typer", "pyvips")
EXTRAS += ("av", "obstore", "pi_heif", "pillow_heif")
FILM = f"""
import av, numpy, photochrom
with av.open("old.mkv", "w") as container:
    stream = container.add_stream("ffv1", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for level in range(4):
        planes = numpy.full((72, 64), 60 + 9 * level, numpy.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
    container.mux(stream.encode())
{COMMAND.format(arguments=["video", "old.mkv", "-o", "new.mkv"])}
"""


STRACE = ("strace", "-f", "--seccomp-bpf", "-qq")


def may_trace():
    """Whether strace is there, and lets us trace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run([*STRACE, "-o", os.devnull, "true"], check=False, capture_output=True)
    return tried.returncode == 0


TRACED = may_trace()


class Outcome:
    """What a fresh interpreter did beside its work."""

    def __init__(self, place, code, **environment):
        home, temporary = place / "home", place / "tmp"
        home.mkdir()
        temporary.mkdir()
        kept = {name: value for name, value in os.environ.items() if name.startswith("LD_")}
        kept |= {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(temporary)}
        log = place / "calls"
        trace = [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-s",
            "200",
            "-e",
            "trace=network",
            "-o",
            str(log),
        ]
        ran = subprocess.run(
            [*(trace if TRACED else ()), sys.executable, "-B", "-c", HOOK + code],
            env=kept | environment,
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr
        self.network = [line for line in ran.stderr.splitlines() if line.startswith("NETWORK")]
        self.calls = self._remote(log.read_text()) if TRACED else []
        found = (one for folder in (home, temporary) for one in folder.rglob("*") if one.is_file())
        self.files = [str(one.relative_to(place)) for one in found]

    @staticmethod
    def _remote(log):
        """System calls that name an address, or the resolver's way to one."""
        return [
            line
            for line in log.splitlines()
            if "AF_INET" in line and ("connect(" in line or "sendto(" in line or "sendm" in line)
        ]

    def is_silent(self):
        assert self.network == []
        assert self.calls == []
        assert self.files == []
        return self.code == 0


@pytest.mark.parametrize(
    "code",
    [
        COLORIZE,
        COMMAND.format(arguments=["colorize", str(SAMPLE), "-o", "out.jpg"]),
        COMMAND.format(arguments=["models"]),
        SERVE.format(seconds=0.2),
        "\n".join(f"import {name}" for name in EXTRAS if find_spec(name)),
    ],
    ids=["library", "colorize", "models", "server", "dependencies"],
)
def test_nothing_is_written_or_sent(tmp_path, code):
    outcome = Outcome(tmp_path, code)
    assert outcome.is_silent(), outcome.err


@pytest.mark.slow
def test_a_server_stays_silent_for_longer_than_the_runtime_waits(tmp_path):
    outcome = Outcome(tmp_path, SERVE.format(seconds=20))
    assert outcome.is_silent(), outcome.err


@pytest.mark.slow
def test_films_are_silent(tmp_path):
    pytest.importorskip("av")
    outcome = Outcome(tmp_path, FILM)
    assert outcome.is_silent(), outcome.err
    assert (tmp_path / "new.mkv").stat().st_size


@pytest.mark.slow
def test_a_local_cluster_keeps_to_the_loopback():
    """Ray's processes talk to each other, and leave their logs in the temporary folder."""
    pytest.importorskip("ray")
    arguments = ["colorize", str(SAMPLE), "-o", "out", "--ray", "local"]
    with tempfile.TemporaryDirectory() as short:  # as the paths of sockets must be
        outcome = Outcome(Path(short), COMMAND.format(arguments=arguments))
        assert outcome.code == 0, outcome.err
        assert Path(short, "out", SAMPLE.name).is_file()
    assert [one for one in outcome.calls if not re.search(r'"(::ffff:)?127\.|"::1"', one)] == []
    others = {one for one in outcome.files if not one.startswith("tmp/ray/")}
    assert others <= {"home/.ray/auth_token"}


@pytest.mark.slow
@pytest.mark.train
def test_training_dependencies_are_silent(tmp_path):
    for name in TRAINING:
        pytest.importorskip(name)
    code = "\n".join(f"import {name}" for name in ("photochrom", *TRAINING))
    outcome = Outcome(tmp_path, code)
    assert outcome.is_silent(), outcome.err


PACKING = f"""
import photochrom
from photochrom.pictures.stores import Address
from photochrom.training import packed
from photochrom.training.tables import DataConfig
place, config = Address.parse("shards"), DataConfig(cache="cache")
packed.pack({str(SAMPLE.parent / "originals")!r}, place, config)
print(len(packed.open_packed(place, config)))
"""


@pytest.mark.slow
@pytest.mark.train
def test_shards_are_silent_even_if_litdata_is_told_to_look_for_news(tmp_path):
    pytest.importorskip("litdata")
    outcome = Outcome(tmp_path, PACKING, LITDATA_CHECK_UPDATES="1")
    assert int(outcome.out) > 1, outcome.err
    assert outcome.is_silent(), outcome.err


def test_the_search_for_traces_finds_them(tmp_path):
    """The tests above can fail: with telemetry on, its files are seen, and by the doctor too."""
    outcome = Outcome(tmp_path, "import onnxruntime", PHOTOCHROM_ORT_TELEMETRY="on")
    if outcome.files == []:
        pytest.skip("this build of ONNX Runtime has no telemetry")
    assert any(TRACES in name for name in outcome.files)
    look = "from photochrom.models import telemetry; print(*telemetry.traces())"
    environment = os.environ | {"HOME": str(tmp_path / "home")}
    environment.pop("XDG_CACHE_HOME", None)
    found = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
    )
    assert TRACES in found.stdout


STATE = """
import json, os, photochrom
from photochrom.models import telemetry
print(json.dumps([telemetry.STATE.name, os.environ.get("ORT_DISABLE_TELEMETRY")]))
"""


@pytest.mark.parametrize(
    ("before", "environment", "expected"),
    [
        ("", {}, ["OFF", "1"]),
        ("", {"ORT_DISABLE_TELEMETRY": "0"}, ["OFF", "1"]),
        ("", {"PHOTOCHROM_ORT_TELEMETRY": "on"}, ["WANTED", None]),
        ("", {"PHOTOCHROM_ORT_TELEMETRY": "off"}, ["OFF", "1"]),
        ("import onnxruntime", {}, ["LATE", "1"]),
        ("import onnxruntime", {"ORT_DISABLE_TELEMETRY": "1"}, ["OFF", "1"]),
    ],
)
def test_who_decides(tmp_path, before, environment, expected):
    outcome = Outcome(tmp_path, f"{before}\n{STATE}", **environment)
    assert json.loads(outcome.out) == expected


@pytest.mark.parametrize(
    ("before", "environment", "code", "words"),
    [
        ("", {}, 0, "ok: ONNX Runtime's telemetry: off"),
        ("", {"PHOTOCHROM_ORT_TELEMETRY": "on"}, 0, "note: ONNX Runtime's telemetry: left on"),
        ("import onnxruntime", {}, 1, "loaded ONNX Runtime before it loaded Photochrom"),
    ],
)
def test_the_doctor_says_what_is_so(tmp_path, before, environment, code, words):
    ran = Outcome(tmp_path, f"{before}\n{COMMAND.format(arguments=['doctor'])}", **environment)
    assert ran.code == code, ran.err
    assert words in ran.out


def test_who_imports_the_runtime_imports_photochrom_before():
    """Outside the package: in it, the package itself has come first."""
    users = 0
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py")]:
        seen_ours = False
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            first = (module or "").split(".")[0]
            seen_ours |= first == "photochrom"
            if first == "onnxruntime":
                users += 1
                assert seen_ours, f"{path}: import photochrom before onnxruntime"
    assert users
