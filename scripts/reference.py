"""Bring the generated parts of docs/reference up to date.

    python scripts/reference.py          # write them
    python scripts/reference.py --check  # fail where one is out of date

A part is what stands between `<!-- generated: NAME -->` and `<!-- end -->` in a page; all else is
written by hand. Options come from the command line itself, routes from the OpenAPI document,
formats from the table that reads and writes them, names from `photochrom.__all__`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from inspect import getdoc, isclass
from pathlib import Path
from typing import Any

import typer

import photochrom
from photochrom import errors
from photochrom.cli.main import app
from photochrom.pictures import formats

DOCS = Path(__file__).parent.parent / "docs"
PART = re.compile(r"(<!-- generated: ([\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Schema = Mapping[str, Any]


def main() -> int:
    """Write or check all pages; 1 where one is out of date and only a check was asked for."""
    check = "--check" in sys.argv[1:]
    stale = [(page, text) for page, text in pages() if page.read_text("utf-8") != text]
    for page, text in stale:
        if not check:
            page.write_text(text, "utf-8")
        print(f"{page}: {'out of date; run python scripts/reference.py' if check else 'written'}")
    return 1 if check and stale else 0


def pages() -> Iterator[tuple[Path, str]]:
    """Each page with generated parts, and its text as it should be."""
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text("utf-8")
        if PART.search(text):
            yield page, PART.sub(lambda found: found[1] + part(found[2]) + found[3], text)


def part(name: str) -> str:
    """The text of a generated part, such as ``command colorize``."""
    kind, _, of = name.partition(" ")
    return PARTS[kind](of)


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def table(*heads: str) -> str:
    """The head of a Markdown table."""
    return row(*heads) + "|" + "---|" * len(heads) + "\n"


# The command line


def command(name: str) -> str:
    """Usage, arguments and options of a command."""
    group: Any = typer.main.get_command(app)
    found = group
    for word in name.split():
        found = found.commands[word]
    context = found.make_context(f"photochrom {name}", [], resilient_parsing=True)
    params = [one for one in found.params if not getattr(one, "hidden", False)]
    arguments = [one for one in params if one.param_type_name == "argument"]
    options = [one for one in params if one.param_type_name == "option"]
    usage = [f"photochrom {name}", *(["[OPTIONS]"] if options else []), *map(_metavar, arguments)]
    text = f"```text\n{' '.join(usage)}\n```\n\n{found.help}\n\n"
    if arguments:
        text += table("argument", "description")
        text += "".join(row(f"`{_metavar(one)}`", one.help or "") for one in arguments) + "\n"
    if options:
        text += table("option", "description")
        text += "".join(row(_names(one, context), _description(one, context)) for one in options)
    return text


def _metavar(param: Any, shown: str = "") -> str:
    """What stands for a parameter's value; `shown` is how the help shows it."""
    for kind, name in (("float", "NUMBER"), ("int", "N")):
        if not param.metavar and re.search(rf"\b{kind}", shown, re.IGNORECASE):
            return name
    return str(param.metavar or param.name.upper())


def _names(option: Any, context: Any) -> str:
    """An option's names, and its value's."""
    shown = (option.get_help_record(context) or ("",))[0]
    names = sorted([*option.opts, *option.secondary_opts], key=len)
    if not option.is_flag:
        names[-1] += f" {_metavar(option, shown)}"
    return ", ".join(f"`{name}`" for name in names)


def _description(option: Any, context: Any) -> str:
    """The help text, the range and the default."""
    text = option.help or ""
    shown = " ".join(option.get_help_record(context) or ())
    if limits := re.search(r"(-?[\d.]+)<=x<=(-?[\d.]+)", shown):
        text += f" Range: {limits[1]} to {limits[2]}."
    default = option.default
    if option.secondary_opts:
        text += f" Default: `{(option.opts if default else option.secondary_opts)[0]}`."
    elif default not in (None, "", False) and not option.multiple:
        text += f" Default: `{getattr(default, 'value', default)}`."
    return text


# The HTTP API


def routes(_of: str) -> str:
    """All routes of the HTTP API."""
    from photochrom.studio.server import create_app

    document = create_app(photochrom.Colorizer()).openapi()
    schemas = document["components"]["schemas"]
    text = ""
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            text += f"### {method.upper()} {path}\n\n{route.get('description', '')}\n\n"
            text += _parameters(route.get("parameters", []))
            text += _body(route.get("requestBody", {}).get("content", {}), schemas)
            text += _answer(route["responses"], schemas)
    return text


def _parameters(parameters: list[Schema]) -> str:
    asked = [one for one in parameters if one["in"] == "query"]
    if not asked:
        return ""
    text = table("query parameter", "type", "default", "description")
    for one in asked:
        text += row(f"`{one['name']}`", *_cells(one["schema"], one.get("description", "")))
    return text + "\n"


def _cells(schema: Schema, description: str = "") -> tuple[str, str, str]:
    """Type, default and description of a field."""
    default = schema.get("default")
    shown = "" if default is None else f"`{json.dumps(default)}`"
    return _type(schema), shown, description or str(schema.get("description", ""))


def _type(schema: Schema) -> str:
    """A field's type in words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in several))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    name = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if name == "array" and "items" in schema:
        return f"array of {_type(schema['items'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    return name if low is None or high is None else f"{name}, {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _body(content: Schema, schemas: Schema) -> str:
    """What a request's body is."""
    if "multipart/form-data" in content:
        fields = list(content["multipart/form-data"]["schema"]["properties"])
        others = [f"`{name}`" for name in fields if name != "file"]
        text = "Body: the picture's bytes, or a form with the field `file`"
        return text + (f", and optionally {', '.join(others)}.\n\n" if others else ".\n\n")
    if "application/json" not in content:
        return ""
    schema = content["application/json"]["schema"]
    text = ""
    for one in schema.get("oneOf", [schema]):
        name = one["$ref"].rpartition("/")[2]
        text += f"Body: JSON, `{name}`.\n\n" + table("field", "type", "default", "description")
        for field, its in schemas[name]["properties"].items():
            text += row(f"`{field}`", *_cells(its))
        text += "\n"
    return text


def _answer(responses: Schema, schemas: Schema) -> str:
    """The statuses, and the fields of an answer in JSON."""
    good, answer = next((int(one), its) for one, its in responses.items() if int(one) < 300)
    problems = ", ".join(one for one in responses if int(one) >= 400 and int(one) not in COMMON)
    content = answer.get("content", {})
    kinds = ", ".join(f"`{one}`" for one in content)
    text = f"Answer: {good}" + (f", {kinds}." if kinds else ".")
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    if name := reference.rpartition("/")[2]:
        fields = ", ".join(f"`{field}`" for field in schemas[name].get("properties", {}))
        text += f" Fields: {fields}."
    return text + (f" Problems: {problems}.\n\n" if problems else "\n\n")


COMMON = {400, 401, 403, 408, 413, 421, 422, 503}
"""Statuses that every route may answer with."""


# Formats


def format_table(_of: str) -> str:
    """What each format can hold, as this libvips reads and writes it."""
    text = table(
        "format",
        "suffixes",
        "read",
        "written",
        "bits per channel",
        "transparency",
        "lossless",
        "longest side",
        "metadata",
    )
    for one in formats.TABLE:
        saved = bool(one.saver)
        text += row(
            one.title,
            " ".join(f"`{suffix}`" for suffix in one.suffixes),
            READ_WITH.get(one.name, "yes"),
            ("yes" if one.name not in OPTIONAL else READ_WITH[one.name]) if saved else "as PNG",
            ", ".join(map(str, one.depths)) if saved else "",
            ("yes" if one.has_alpha else "becomes white") if saved else "",
            _lossless(one) if saved else "",
            f"{one.max_side_px:,}" if saved and one.max_side_px < 10_000_000 else "",
            ", ".join(sorted(one.keeps)) if saved else "",
        )
    return text


OPTIONAL = {"jxl", "ppm", "pgm"}
"""Formats that the libvips in the wheel lacks."""

READ_WITH = {
    "heic": "with the extra `heic`",
    "gif": "the first frame",
    **dict.fromkeys(OPTIONAL, "where libvips has it"),
}


def _lossless(one: formats.Format) -> str:
    if one.lossless is None:
        return "no"
    return "with `--lossless`" if one.lossless else "always"


# Python


def names(_of: str) -> str:
    """A directive for each public name that is no error."""
    text = ""
    for name in photochrom.__all__:
        found = getattr(photochrom, name)
        if (isclass(found) and issubclass(found, Exception)) or name.startswith("__"):
            continue
        text += f"::: {found.__module__}.{name}\n\n"
    return text


def error_table(_of: str) -> str:
    """All errors, each with what it is one kind of."""
    text = table("error", "one kind of", "when")
    for name, found in vars(errors).items():
        if isclass(found) and issubclass(found, errors.PhotochromError):
            base = found.__bases__[0].__name__
            said = (getdoc(found) or "").split("\n")[0].rstrip(".")
            said = said[0].lower() + said[1:]
            text += row(f"`{name}`", "" if base == "Exception" else f"`{base}`", said)
    return text


PARTS: Mapping[str, Callable[[str], str]] = {
    "command": command,
    "routes": routes,
    "formats": format_table,
    "names": names,
    "errors": error_table,
}

if __name__ == "__main__":
    sys.exit(main())
