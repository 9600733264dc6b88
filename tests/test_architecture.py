"""The house rules of docs/tour.md: who imports whom, what is heavy, what is documented."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import photochrom

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "photochrom"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = (
    ("cli",),
    ("studio",),
    ("batch", "training", "video"),
    ("evaluation",),
    ("runtime",),
    ("pictures",),
    ("models",),
    ("color",),
    ("",),
)
"""The rooms, each of which may import those of the layers below it; "" is the root."""

DEPTH = {room: depth for depth, layer in enumerate(LAYERS) for room in layer}
ROOMS = sorted(set(DEPTH) - {""})

ORDER = {
    "color": ("transfer", "spaces", "measures", "grid", "toning", "text"),
    "models": (
        *("fields", "contract", "network", "file", "graph", "session", "descriptor"),
        *("abilities", "resizing", "foreign", "added", "weights", "opening", "adding"),
    ),
    "pictures": (
        *(
            "formats",
            "xmp",
            "contents",
            "directories",
            "editing",
            "exif",
            "storage",
            "old_jpeg",
            "tiff",
        ),
        *(
            "jpeg",
            "png",
            "boxes",
            "incoming",
            "webp",
            "heic",
            "photoshop",
            "metadata",
            "profiles",
            "reasons",
            "encoded",
            "saving",
            "picture",
            "pages",
            "folders",
        ),
    ),
    "runtime": (
        *("hints", "canvas", "obeying", "asked"),
        *("coarse", "steered", "prepared", "colorizer"),
    ),
    "batch": (
        "shards",
        "jobs",
        "plan",
        "records",
        "manifest",
        "resume",
        "pool",
        "watch",
        "parts",
        "known",
        "objects",
        "remote",
        "cluster",
    ),
    "studio": ("workshop", "choice", "held", "shelf", "studio", "api", "server", "serving"),
    "cli": ("console", "order", "crew", "remote", "coloring", "main"),
}
"""The order inside rooms: each module may import those before it. Others are free to stand
anywhere, as long as no import leads back to where it came from."""

FACES = {"__init__.py", "ab.py"}
"""The root's files that hold nothing but public names of rooms."""

HEAVY = ("torch", "torchvision", "timm", "ray", "fastapi")
TORCH = {"torch", "torchvision", "timm", "torchmetrics", "lightning"}

SERVED_MODULES = (
    "api",
    "door",
    "film_api",
    "film_orders",
    "orders",
    "routing",
    "schemas",
    "server",
    "uploads",
)
SERVED = {f"photochrom.studio.{name}" for name in SERVED_MODULES}
"""Modules that need the serve extra; `serving.serve` imports them when it is called."""

named = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(PACKAGE).as_posix() for path in FILES]
)


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first if first in ROOMS else ""


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """The modules of this package that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("photochrom.")}


def loaded_after(*modules):
    """Which modules a fresh interpreter holds after importing these."""
    code = "import importlib, sys\n" + "\n".join(
        f"importlib.import_module({module!r})" for module in modules
    )
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(ran.stdout.split())


# What an import costs


@pytest.mark.parametrize("room", sorted(set(DEPTH) - {"training"}))
def test_no_room_but_training_loads_heavy_libraries(room):
    modules = [module_of(path) for path in FILES if room_of(path) == room]
    modules = [module for module in modules if module not in SERVED]
    loaded = loaded_after(*modules)
    assert set(modules) <= loaded
    assert not loaded & set(HEAVY)
    assert not {name for name in loaded if name.startswith("photochrom.training")}


@pytest.mark.parametrize("module", ["photochrom", "photochrom.cli.main"])
def test_the_package_and_the_command_line_load_fast(module):
    loaded = loaded_after(module)
    assert module in loaded
    assert not loaded & {"numpy", "pyvips", "onnxruntime", "rich.progress", *HEAVY}


def test_all_public_names_load():
    for name in photochrom.__all__:
        assert getattr(photochrom, name) is not None
    assert sorted(photochrom.__all__) == sorted(dir(photochrom))
    with pytest.raises(AttributeError, match="no attribute 'Coloriser'"):
        _ = photochrom.Coloriser


def annotations_of(public):
    """The annotations of a function, or of a class with its methods and properties, as text."""
    members = vars(public).items() if isinstance(public, type) else ()
    found = [public, *(member for name, member in members if not name.startswith("_"))]
    for one in found:
        call = getattr(one, "fget", None) or getattr(one, "__func__", one)
        notes = getattr(call, "__annotations__", {})
        yield from (str(note) for name, note in notes.items() if not name.startswith("_"))


def test_what_public_calls_take_and_return_is_public():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
    classes = {
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }
    seen = set()
    for name in photochrom.__all__:
        for note in annotations_of(getattr(photochrom, name)):
            seen |= classes & set(re.findall(r"\w+", note))
    assert {"Hint", "Options", "Picture", "Prepared", "Reference", "Tone"} <= seen
    assert seen <= set(photochrom.__all__)


# Who imports whom


@named
def test_imports_point_downwards(path):
    relative, room = path.relative_to(PACKAGE).as_posix(), room_of(path)
    if relative in {*FACES, "__main__.py"}:
        return
    for name in imports_of(path):
        first = name.split(".")[1]
        assert first not in {"ab", *photochrom.__all__}, f"{relative} imports a face: {name}"
        target = first if first in DEPTH else ""
        below = target == room or DEPTH[target] > DEPTH[room]
        assert below, f"{relative} imports {name}"


def modules_needed(path):
    """The modules of this package that a file imports, but for types only."""
    modules = {module_of(one) for one in FILES}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    names = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return {name if name in modules else name.rpartition(".")[0] for name in names} & modules


@pytest.mark.parametrize("room", ORDER)
def test_modules_of_a_room_import_those_before_them(room):
    for index, name in enumerate(ORDER[room]):
        later = {f"photochrom.{room}.{one}" for one in ORDER[room][index + 1 :]}
        assert not modules_needed(PACKAGE / room / f"{name}.py") & later


def test_no_import_leads_back():
    faces = {module_of(PACKAGE / face) for face in FACES}
    needed = {
        module_of(path): modules_needed(path) - faces
        for path in FILES
        if path.relative_to(PACKAGE).as_posix() not in FACES
    }
    assert "photochrom.errors" in needed["photochrom.pictures.picture"]
    graphlib.TopologicalSorter(needed).prepare()


def test_every_folder_is_a_room():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


def test_the_search_for_imports_finds_them():
    """The test above can fail: what is known to be there is seen."""
    assert "photochrom.models.session.Session" in imports_of(PACKAGE / "training" / "export.py")
    assert "photochrom.cli.coloring" in imports_of(PACKAGE / "cli" / "main.py")
    assert "photochrom.errors.ShapeError" in imports_of(PACKAGE / "color" / "spaces.py")


def torch_imports(path):
    """Imports of torch and what brings it along: those at the top, those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = {
        id(node) for one in ast.walk(tree) if isinstance(one, functions) for node in ast.walk(one)
    }
    for_types = {
        id(node)
        for one in ast.walk(tree)
        if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"
        for node in ast.walk(one)
    }
    at_top, in_functions = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module.split(".")[0]}
        else:
            continue
        if id(node) not in for_types:
            (in_functions if id(node) in inside else at_top).update(names & TORCH)
    return at_top, in_functions


@named
def test_torch_is_imported_by_training_and_inside_functions_of_evaluation(path):
    at_top, in_functions = torch_imports(path)
    assert not at_top or room_of(path) == "training"
    assert not in_functions or room_of(path) in {"training", "evaluation"}


def test_the_search_for_torch_finds_it():
    assert "torch" in torch_imports(PACKAGE / "training" / "loop.py")[0]
    assert "torch" in torch_imports(PACKAGE / "evaluation" / "metrics.py")[1]


def test_only_the_session_makes_a_session():
    users = [path for path in FILES if "onnxruntime.InferenceSession" in path.read_text()]
    assert users == [PACKAGE / "models" / "session.py"]


# Names and words


@named
def test_every_file_has_a_name_that_says_something(path):
    assert not {"utils", "util", "helpers", "common", "misc", "legacy"} & {
        path.stem,
        path.parent.name,
    }


@named
def test_everything_public_is_documented(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(module), "the module has no docstring"
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    queue = [(node, node.name) for node in module.body if isinstance(node, definitions)]
    for node, name in queue:  # grows while it is walked
        if node.name.startswith("_") or node.name == "forward":  # torch's own; its class says
            continue
        assert ast.get_docstring(node), f"{name} has no docstring"
        if isinstance(node, ast.ClassDef):
            inner = [child for child in node.body if isinstance(child, definitions)]
            queue += [(child, f"{name}.{child.name}") for child in inner]


def paths_in_the_tour():
    """What stands in backticks and looks like a file or folder."""
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    words = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", text)
    kinds = r"\.(py|md|toml|json|onnx|css|js|html|yml)$"
    return sorted({word for word in words if "/" in word or re.search(kinds, word)})


def test_every_path_in_the_tour_exists():
    paths = paths_in_the_tour()
    assert len(paths) > 10
    names = {path.name for path in FILES}
    missing = [
        path
        for path in paths
        if not ((ROOT / path).exists() or (PACKAGE / path).exists() or path in names)
    ]
    assert not missing, f"docs/tour.md names what is not there: {missing}"


def test_the_tour_passes_through_every_room():
    passed = {Path(path).parts[2] for path in paths_in_the_tour() if path.startswith("src/")}
    assert set(ROOMS) <= passed
