"""`photochrom.studio.access` and `gate`: names, pages of other sites, and the token."""

import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from photochrom.studio.access import COOKIE, Access, Patience
from photochrom.studio.problems import Problem
from photochrom.studio.serving import Place
from served import TOKEN


def refusal(access, *, method="GET", path="/", query=b"", host="localhost:8000", **headers):
    """The status with which a request is refused; None where it comes in."""
    scheme = headers.pop("scheme", "http")
    sent = {"host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}
    try:
        access.check(method, path, query, sent, scheme=scheme)
    except Problem as problem:
        return problem.status
    return None


# Names


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("localhost", None),
        ("LOCALHOST:8000", None),
        ("localhost.:8000", None),
        ("127.0.0.1:1", None),
        ("127.1.2.3", None),
        ("[::1]:8000", None),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:8000", 421),
        ("192.168.1.5:8000", 421),
        ("[::2]", 421),
        ("[::1", 421),
        ("", 421),
        ("localhost, evil.example", 421),
        ("user@evil.example", 421),
        ("evil.example@localhost", 421),
        ("localhost/evil.example", 421),
        ("localhost:8000/x", 421),
        ("localhost:", 421),
        ("localhost:port", 421),
        ("localhost:123456", 421),
        ("local host", 421),
        ("localhost\t", 421),
        ("localhost..", 421),
        (".localhost", 421),
        ("127.0.0.1%00", 421),
        ("::1", 421),
        ("[::1%lo]", 421),
        ("loc\u0430lhost", 421),
    ],
)
def test_only_the_loopbacks_names_are_ours(host, refused):
    assert refusal(Place().access(), host=host) == refused


def test_names_that_are_bound_or_allowed_are_ours():
    place = Place(host="studio.lan", insecure=True, other_names=("Other.Lan",))
    access = place.access()
    assert refusal(access, host="studio.lan:8000") is None
    assert refusal(access, host="other.lan") is None
    assert refusal(access, host="192.168.1.5") == 421


def test_a_server_on_all_addresses_goes_by_each():
    access = Place(host="0.0.0.0", insecure=True).access()
    assert refusal(access, host="192.168.1.5:8000") is None
    assert refusal(access, host=f"{socket.gethostname()}:8000") is None
    assert refusal(access, host="evil.example") == 421


def test_two_host_headers_do_not_pass(client):
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 4")


def test_rebound_names_are_refused_by_the_server(client):
    answer = client.get("/v1/models", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Whoever started it can allow that name" in answer.json()["detail"]
    assert "content-security-policy" in answer.headers


# Pages of other sites


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, None),
        ({"origin": "http://localhost:8000"}, None),
        ({"origin": "https://localhost:8000"}, 403),
        ({"origin": "https://localhost:8000", "scheme": "https"}, None),  # a proxy ends TLS
        ({"origin": "http://localhost:8000", "scheme": "https"}, 403),
        ({"origin": "ftp://localhost:8000"}, 403),
        ({"origin": "HTTP://LOCALHOST:8000"}, None),
        ({"origin": "http://localhost:8000", "sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "none"}, None),
        ({"origin": "http://localhost:9000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost:8000/x"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_other_sites_cannot_change_anything(method, headers, refused):
    assert refusal(Access(), method=method, path="/v1/pictures", **headers) == refused
    assert refusal(Access(), method="GET", **headers) is None


def test_a_cross_site_post_is_refused_by_the_server(client):
    answer = client.post("/v1/pictures", content=b"x", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert answer.json()["title"] == "Forbidden"


# The token


def test_a_person_without_a_token_reads_what_to_do(start):
    client = start(access=Access(token="gehe im"))
    answer = client.get("/", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "This server requires a token: open /?token=..." in answer.text


def test_a_token_is_wanted_of_everybody(start):
    client = start(access=Access(token="gehe im"))
    for path in ("/", "/v1/models", "/metrics", "/openapi.json", "/static/index.html"):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/models?token=gehe+im").status_code == 401
    for wrong in ("Bearer", "Bearer geheim", "Basic gehe im", "Bearer gehe im x"):
        assert client.get("/v1/models", headers={"authorization": wrong}).status_code == 401
    right = {"authorization": "Bearer gehe im"}
    assert client.get("/v1/models", headers=right).status_code == 200


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(start, monkeypatch):
    few = partial(Patience, each_s=0.4, most_s=1.0)
    monkeypatch.setattr("photochrom.studio.gate.Patience", few)
    client = start(access=Access(token=TOKEN))
    guess, right = ({"authorization": f"Bearer {one}"} for one in ("wrong", TOKEN))
    with ThreadPoolExecutor(6) as pool:
        guesses = [
            pool.submit(client.get, "/v1/models", headers=guess),
            *(pool.submit(client.get, f"/?token={number}") for number in range(5)),
        ]
        assert client.get("/v1/models", headers=right).status_code == 200
        answers = [one.result() for one in guesses]
    assert sorted({one.status_code for one in answers}) == [401, 429]
    refused = next(one for one in answers if one.status_code == 429)
    assert "retry-after" in refused.headers


def test_who_says_nothing_is_not_slowed_down():
    with pytest.raises(Problem) as refused:
        Access(token=TOKEN).check("GET", "/", b"", {"host": "localhost"}, scheme="http")
    assert refused.value.kind == ""


def test_the_first_visit_brings_a_cookie(start):
    client = start(access=Access(token="geheim"))
    assert client.get("/?token=wrong").status_code == 401
    assert not client.cookies
    answer = client.get("/?token=geheim")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    name = f"{COOKIE}-{client.base_url.port}"
    assert cookie.startswith(f"{name}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "geheim" not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/v1/models").status_code == 200
    client.cookies.clear()
    for wrong in (f"{name}=geheim", f"{name}=", f"{name}=x; {name}=y", 'a="; b'):
        assert client.get("/v1/models", headers={"cookie": wrong}).status_code == 401
    right = cookie.partition(";")[0]
    for others in ('a="x; {}', "{}; b=[{{}}", "a b; {}", "=; ;;{}", "{}; " + "c=" + "d" * 30_000):
        sent = {"cookie": others.format(right)}
        assert client.get("/v1/models", headers=sent).status_code == 200, others


def test_two_servers_on_one_host_have_cookies_of_their_own(start):
    one, other = (start(access=Access(token="geheim")) for _ in range(2))
    jar = httpx.Cookies()
    for client in (one, other):
        client.get("/?token=geheim")
        jar.update(client.cookies)
    assert len(jar) == 2
    one.cookies = other.cookies = jar
    assert {client.get("/v1/models").status_code for client in (one, other)} == {200}


def test_a_cookie_of_another_process_does_not_open():
    one, other = Access(token="t"), Access(token="t")
    cookie = f"{COOKIE}-8000={one._session}"
    assert refusal(one, cookie=cookie) is None
    assert refusal(other, cookie=cookie) == 401


def test_the_printed_link_leads_in(start):
    from photochrom.studio.serving import link

    client = start(access=Access(token=TOKEN))
    address = link(f"http://127.0.0.1:{client.base_url.port}", TOKEN)
    assert parse_qs(urlsplit(address).query) == {"token": [TOKEN]}
    assert client.get(address).status_code == 303
