"""The Studio without a server, in a browser: a folder of files, then nothing but the browser.

Needs the runtime for browsers (`make web`), Playwright and Chromium.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips

import photochrom
from photochrom import Colorizer, color
from photochrom.pictures import metadata, picture, xmp
from photochrom.studio import site

SAMPLES = Path(photochrom.__file__).parent / "samples"
PHONE = {"width": 390, "height": 844}
DECODED = """
window.decoded = [];
const decode = HTMLImageElement.prototype.decode;
HTMLImageElement.prototype.decode = async function () {
    await decode.call(this);
    decoded.push(this.naturalWidth);
};
"""  # how wide every image is that the page has shown
LAUNCHED = """
const value = { setConsumer(take) { window.launch = take; } };
Object.defineProperty(window, "launchQueue", { value });
"""  # as when the system opens files with the page

pytestmark = [
    pytest.mark.skipif(
        not (site.RUNTIME / "ort-wasm-simd-threaded.wasm").is_file(), reason="needs make web"
    ),
]


@pytest.fixture
def enter(visit, host):
    """Visit the site; what it sends is counted as a fault."""
    sent = []

    def call(*, script="", memory_gib=None, **options):
        if memory_gib is not None:
            script += (
                f"Object.defineProperty(navigator, 'deviceMemory', {{ value: {memory_gib} }});"
            )
        studio = visit(url=host.url, script=script, **options)
        page = studio.page
        page.on("request", lambda one: one.method != "GET" and sent.append(one.url))
        page.evaluate("navigator.serviceWorker.ready")
        return studio

    yield call
    assert sent == []


def again(studio, host):
    studio.page.goto(host.url)
    studio.page.wait_for_selector(".print-gray")


def png_head(width, height):
    """A PNG of gray that ends before its pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [struct.pack(">I", 13), chunk, struct.pack(">I", zlib.crc32(chunk))]
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"".join([b"\x89PNG\r\n\x1a\n", *parts, end])


def mean_distance(srgb, expected):
    """Of a* and b*, pixel by pixel."""
    ab = [color.srgb_to_lab(one)[..., 1:] for one in (srgb, expected)]
    return float(np.hypot(*np.moveaxis(ab[0] - ab[1], -1, 0)).mean())


def test_it_paints_as_python_does_and_goes_on_without_a_network(enter, host, tmp_path):
    studio = enter()
    assert not studio.page.evaluate("crossOriginIsolated")  # the host can't
    studio.open(SAMPLES / "chelsea.jpg")
    studio.shot("site-painted")
    studio.until_kept("{")
    host.stop()
    studio.page.goto(host.url)
    studio.painted()  # what was open is restored, and painted again
    assert studio.page.evaluate("crossOriginIsolated")
    path = tmp_path / "chelsea.jpg"
    download = studio.download()
    assert download.suggested_filename == "chelsea-color.jpg"
    download.save_as(path)
    colored = Colorizer(threads=1).colorize(SAMPLES / "chelsea.jpg")
    expected = picture.read(colored.encode("jpeg")).srgb()  # each costs 0.9 by itself
    found = picture.read(path)
    assert mean_distance(found.srgb(), expected) < 1.3
    light = [color.srgb_to_lightness(one) for one in (found.srgb(), expected)]
    assert np.abs(light[0] - light[1]).mean() < 0.5
    before = studio.lab(0.7, 0.6)
    studio.hint(0.7, 0.6, "#2244cc")
    assert np.hypot(*(studio.lab(0.7, 0.6) - before)[1:]) > 20
    host.start()


def test_what_a_photograph_brings_along_stays(enter, tmp_path):
    gray = pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg"))
    turned = gray.colourspace("srgb").rot90().copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 8)
    rights = xmp.Property("http://purl.org/dc/elements/1.1/", "dc", "rights")
    note = xmp.put_in(xmp.Packet(b"").frame(), {rights: "mine"})
    fields = {
        "exif-ifd0-Artist": "Ada",
        "xmp-data": note,
        "icc-profile-data": metadata.srgb_profile(),
    }
    path = tmp_path / "scan.jpg"
    metadata.changed(turned, fields).jpegsave(str(path), Q=95)
    studio = enter().open(path)
    assert studio.page.locator("#title-size").inner_text() == "640 × 427"
    saved = tmp_path / "saved.jpg"
    studio.download().save_as(saved)
    found = pyvips.Image.new_from_file(str(saved))
    assert (found.width, found.height) == (640, 427)
    assert not found.get_typeof("orientation") or found.get("orientation") == 1
    assert found.get("exif-ifd0-Artist").startswith("Ada")
    assert "Photochrom" in found.get("exif-ifd0-Software")
    assert bytes(found.get("icc-profile-data")) == metadata.srgb_profile()
    packet = bytes(found.get("xmp-data"))
    assert b"mine" in packet
    assert xmp.Packet(packet).values(metadata.DIGITAL_SOURCE_TYPE)[0] == metadata.SOURCE_TYPE
    model = Colorizer(threads=1).contract.identity
    assert xmp.Packet(packet).values(metadata.MODEL_VERSION)[0] == model.version
    assert xmp.Packet(packet).values(metadata.MODEL_SHA256)[0] == model.sha256
    assert str(model) in found.get("exif-ifd0-Software")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif"])
def test_formats_keep_their_metadata(enter, tmp_path, suffix):
    gray = pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg"))
    path = tmp_path / f"scan{suffix}"
    metadata.changed(gray, {"exif-ifd0-Artist": "Ada"}).write_to_file(str(path))
    studio = enter().open(path)
    saved = tmp_path / f"saved{'.png' if suffix == '.avif' else suffix}"  # it writes no AVIF
    studio.download().save_as(saved)
    found = pyvips.Image.new_from_file(str(saved))
    assert (found.width, found.height) == (640, 427)
    assert found.get("exif-ifd0-Artist").startswith("Ada")
    assert b"algorithmicallyEnhanced" in bytes(found.get("xmp-data"))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_file_that_is_cut_short_is_opened_as_far_as_it_goes(enter, tmp_path, suffix):
    gray = pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg"))
    whole = gray.write_to_buffer(suffix)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    studio = enter()
    studio.choose(path)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    assert "cut short" in studio.page.locator("#failed").inner_text()
    studio.page.get_by_role("button", name="Open what can be decoded").click()
    studio.page.wait_for_selector("#stage[data-state=painted], #stage[data-state=failed]")
    if studio.page.locator("#stage").get_attribute("data-state") == "failed":
        words = studio.page.locator("#failed").inner_text()
        assert "can’t decode it" in words  # the browser takes it whole or not at all


@pytest.mark.slow
def test_what_it_cannot_do_is_said(enter, tmp_path):
    studio = enter()
    huge = tmp_path / "huge.png"
    huge.write_bytes(png_head(90_000, 90_000))
    studio.choose(huge)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    words = studio.page.locator("#failed").inner_text()
    assert "8100 megapixels" in words
    assert "this browser can take" in words
    studio = enter()
    scan = tmp_path / "scan.tif"
    pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg")).write_to_file(str(scan))
    studio.choose(scan)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    assert "can’t decode. Save it as" in studio.page.locator("#failed").inner_text()
    raw = tmp_path / "scan.NEF"  # most of these are TIFF files, too
    raw.write_bytes(scan.read_bytes())
    studio.choose(raw, opener="#open-more")
    studio.page.locator("#failed").get_by_text("It holds a camera’s raw data.").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(("height", "refused"), [(3000, False), (4500, True)])
def test_how_large_a_photograph_may_be_depends_on_the_memory(enter, tmp_path, height, refused):
    studio = enter(script="Object.defineProperty(navigator, 'deviceMemory', { value: 1 });")
    path = tmp_path / "large.png"
    path.write_bytes(png_head(4000, height))  # so that only its size is known
    studio.choose(path)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    words = studio.page.locator("#failed").inner_text()
    assert ("this browser can take" in words) == refused


@pytest.mark.slow
def test_the_page_itself_decodes_no_photograph(enter, tmp_path):
    large = tmp_path / "large.jpg"
    photograph = pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg"))
    photograph.resize(4).write_to_file(str(large))
    studio = enter(script=DECODED)
    studio.open(large)
    studio.choose(SAMPLES / "chelsea.jpg", opener="#open-more")  # a strip of both
    studio.page.wait_for_selector(".film.ready >> nth=1")
    wide = studio.page.evaluate(
        "[...decoded, ...[...document.images].map((one) => one.naturalWidth)]"
    )
    assert 1600 in wide  # a worker has, and gave a preview
    assert max(wide) == 1600


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_transparent_stays_so(enter, tmp_path, suffix):
    gray = pyvips.Image.new_from_file(str(SAMPLES / "flower.jpg")).colourspace("srgb")
    cover = (pyvips.Image.xyz(gray.width, gray.height)[0] * 255 / gray.width).cast("uchar")
    path, saved = tmp_path / f"cut{suffix}", tmp_path / f"saved{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    gray.bandjoin(cover).write_to_file(str(path), **options)
    studio = enter().open(path)
    studio.download().save_as(saved)
    found = pyvips.Image.new_from_file(str(saved))
    assert (found.width, found.height, found.bands) == (640, 427, 4)
    assert (found[3] - cover).abs().max() <= 1


@pytest.mark.slow
def test_nothing_foreign_is_loaded_and_nothing_is_sent(browser, host):
    page = browser.new_context().new_page()
    page.goto(host.url)
    found = page.evaluate(
        """async () => {
            const blocked = [];
            addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
                blocked.push(effectiveDirective));
            const refused = (work) => work().then(() => false, () => true);
            const other = "http://localhost:9/";
            const image = () => new Promise((onload, onerror) => {
                Object.assign(new Image(), { onload, onerror, src: other + "x.png" });
            });
            const all = await Promise.all([
                refused(() => fetch(other, { method: "POST", body: "x" })),
                refused(() => import(other + "x.js")),
                refused(image),
            ]);
            const sent = navigator.sendBeacon(other, "x");
            await new Promise((done) => setTimeout(done, 200));
            return { all, sent, blocked };
        }"""
    )
    page.context.close()
    assert found["all"] == [True] * 3
    assert set(found["blocked"]) == {"connect-src", "script-src-elem", "img-src"}
    assert found["blocked"].count("connect-src") == 2  # the beacon's, too


@pytest.mark.slow
def test_a_new_version_is_used_from_the_next_visit_on(enter, host):
    studio = enter()
    page = studio.page
    site.write_site(host.folder, model="resnet18-gray", force=True)
    again(studio, host)
    assert "photochrom" in page.locator("#model").text_content()  # the new one is loaded meanwhile
    page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.ready;
            await registration.update();
            while (!registration.waiting) await new Promise((done) => setTimeout(done, 100));
        }"""
    )
    again(studio, host)
    page.wait_for_selector("#model:text('resnet18-gray')", state="attached")
    names = page.evaluate("caches.keys()")
    assert len(names) == 1
    host.stop()
    again(studio, host)
    studio.open(SAMPLES / "flower.jpg")
    host.start()


@pytest.mark.slow
def test_half_a_new_version_is_not_taken(enter, host):
    page = enter().page
    site.write_site(host.folder, model="resnet18-gray", force=True)
    changed = host.folder / "engine" / "encoder.onnx"
    changed.write_bytes(changed.read_bytes() + b"of the version after it")
    kept = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.ready;
            await registration.update();
            const { installing } = registration;
            while (installing.state === "installing")
                await new Promise((done) => installing.addEventListener("statechange", done));
            return { state: installing.state, caches: await caches.keys() };
        }"""
    )
    assert kept["state"] == "redundant"
    assert len(kept["caches"]) == 1  # the one before


@pytest.mark.slow
def test_files_that_the_system_opens_with_it_are_taken(enter):
    studio = enter(script=LAUNCHED)
    page = studio.page
    page.evaluate(
        """async () => {
            const blob = await (await fetch("samples/flower.jpg")).blob();
            const file = new File([blob], "from a folder.jpg", { type: blob.type });
            launch({ files: [{ getFile: async () => file }] });
        }"""
    )
    studio.painted()
    assert page.locator("#title-name").inner_text() == "from a folder.jpg"


@pytest.mark.slow
def test_other_apps_can_share_photographs_with_it(visit, host):
    studio = visit(url=host.url)
    page = studio.page
    page.evaluate("navigator.serviceWorker.ready")
    again(studio, host)
    address = page.evaluate(
        """async () => {
            const form = new FormData();
            const blob = await (await fetch("samples/flower.jpg")).blob();
            form.append("photographs", new File([blob], "shared one.jpg", { type: blob.type }));
            return (await fetch("share", { method: "POST", body: form })).url;
        }"""
    )
    page.goto(address)
    studio.painted()
    assert page.locator("#title-name").inner_text() == "shared one.jpg"


@pytest.mark.slow
def test_every_tool_works_on_a_phone(enter):
    studio = enter(viewport=PHONE, has_touch=True, color_scheme="dark")
    page = studio.page
    studio.open(SAMPLES / "china.jpg")
    studio.assert_fits()
    page.locator("[data-tab=alternatives]").click()
    page.wait_for_selector("#alternatives button.alternative")
    studio.changed(page.locator("#alternatives button.alternative").nth(1).click)
    page.locator("[data-tab=palette]").click()
    studio.changed(page.get_by_role("button", name="Earth").click)
    page.locator("[data-tab=reference]").click()
    studio.choose(SAMPLES / "originals" / "china.jpg", opener=".reference-empty")
    page.wait_for_selector(".reference-print")
    studio.painted()
    page.locator("#confidence").click()
    page.wait_for_function("document.querySelector('#confidence-map').width > 0")
    studio.shot("site-phone")
