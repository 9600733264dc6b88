"""What is wrong with a request, as problem+json."""

import json

import pytest

from photochrom.studio.held import Held
from served import ORIGINAL, is_problem, opened, photograph

# What is wrong with a request


@pytest.mark.parametrize(
    ("query", "data", "words"),
    [
        ({}, b"", "No picture was sent"),
        ({}, b"no picture at all", "this is not a picture in a known format"),
        ({}, photograph()[:200], "begins like JPEG"),
        ({}, photograph(300, 300)[:-3000], "damaged or truncated"),
        ({"vividness": "3"}, None, "less than or equal to 2"),
        ({"vividness": "nan"}, None, "vividness"),
        ({"quality": "0"}, None, "quality"),
        ({"format": "gif"}, None, "format"),
        ({"lossless": "true"}, None, "JPEG can't be lossless"),
        ({"hints": "{"}, None, "this is not valid JSON"),
        ({"hints": '[{"x": 1e999, "y": 1, "color": "#c22"}]'}, None, "hint"),
        ({"hints": f'[{{"x": {"9" * 5000}, "y": 1, "color": "#c22"}}]'}, None, "digits"),
        ({"hints": f'[{{"x": {"9" * 500}, "y": 1, "color": "#c22"}}]'}, None, "hint"),
        ({"hints": '[{"x": 1, "y": 1, "color": "red"}]'}, None, "'red' is not a color"),
        ({"palette": "red"}, None, "'red' is not a color"),
        ({"palette": "#112233," * 65}, None, "at most 64"),
        ({"palete": "#c22"}, None, "palete"),
        ({"max_pixels": "5"}, None, "max_pixels"),
    ],
)
def test_what_cannot_be_done_is_422(client, query, data, words):
    data = photograph() if data is None else data
    is_problem(client.post("/v1/colorize", content=data, params=query), 422, words)


def test_hints_in_too_many_brackets_are_422(client):
    form = {"hints": "[" * 200_000}
    answer = client.post("/v1/colorize", files={"file": photograph()}, data=form)
    is_problem(answer, 422)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"hints": [{"x": 1}]}, "it needs x and y"),
        ({"hints": [{"x": 1, "y": 1, "colour": "#c22"}]}, "its keys may be"),
        ({"hints": [{"points": [[1, 2, 3]], "color": "#c22"}]}, "hint"),
        ({"hints": [{"x": 1, "y": 1, "color": "#c22"}] * 201}, "at most 200"),
        ({"hints": [{"points": [[1, 1]] * 4001, "color": "#c22"}]}, "4001 points"),
        ({"palette": ["#xyz"]}, "is not a color"),
        ({"seed": -1}, "seed"),
        ({"alternative": 9}, "alternative"),
        ({"size": "huge"}, "size"),
        ({"format": "exe"}, "format"),
        ({"unknown": 1}, "unknown"),
        ({"vividness": "x"}, "vividness"),
        ([], "body"),
    ],
)
def test_an_order_that_cannot_be_understood_is_422(client, body, words):
    id_ = opened(client)["id"]
    is_problem(client.post(f"/v1/pictures/{id_}/paint", json=body), 422, words)


def test_broken_json_is_422_and_form_types_are_not_taken_for_json(client):
    url = f"/v1/pictures/{opened(client)['id']}/paint"
    body = is_problem(
        client.post(url, content=b"{", headers={"content-type": "application/json"}), 422
    )
    assert body["errors"]
    is_problem(client.post(url, content=b"{}", headers={"content-type": "text/plain"}), 422)
    deep = b'{"hints":' + b"[" * 200_000
    answer = client.post(url, content=deep, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_a_point_outside_is_422(client, hinting):
    url = f"/v1/pictures/{opened(client)['id']}"
    order = {"hints": [{"x": 1000, "y": 1, "color": "#c22"}]}
    is_problem(client.post(f"{url}/paint", json=order), 422, "lies outside the picture")
    is_problem(client.get(f"{url}/colors?x=-1&y=0"), 422, "lies outside the picture")
    is_problem(client.get(f"{url}/colors?x=nan&y=0"), 422)


def test_only_gray_refuses_colors(client):
    params = {"only_gray": "true"}
    answer = client.post("/v1/colorize", content=ORIGINAL.read_bytes(), params=params)
    body = is_problem(answer, 422, "it already has colors")
    assert body["type"] == "urn:photochrom:problem:alreadycolored"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n', "No pict"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc', "cut short"),
        (b"nonsense", "can't be read"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n2\r\n--x--\r\n',
            "one at a time",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
            + b"1" * 1_000_001
            + b"\r\n--x--\r\n",
            "too long",
        ),
        (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n' % number
                for number in range(40)
            )
            + b"--x--\r\n",
            "fields",
        ),
    ],
)
def test_a_form_that_is_none_is_422(client, content, words):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    is_problem(client.post("/v1/pictures", content=content, headers=headers), 422, words)


def test_a_form_without_a_boundary_is_422(client):
    headers = {"content-type": "multipart/form-data"}
    is_problem(client.post("/v1/pictures", content=b"x", headers=headers), 422, "boundary")


def test_a_failure_of_ours_is_500_and_says_nothing_private(client, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("a secret")

    held = opened(client)
    monkeypatch.setattr(Held, "original", fail)
    body = is_problem(client.get(f"/v1/pictures/{held['id']}/original"), 500, "its log says how")
    assert "secret" not in json.dumps(body)
    assert "a secret" in caplog.text
