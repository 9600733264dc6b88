"""`photochrom.pictures.xmp`: properties go in and out; everything else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.pictures import xmp
from photochrom.pictures.xmp import Property

NOTE = Property("https://example.org/ns/", "our", "Note")
RATING = Property("http://ns.adobe.com/xap/1.0/", "xmp", "Rating")
TOOL = Property("http://ns.adobe.com/xap/1.0/", "xmp", "CreatorTool")
TITLE = Property("http://purl.org/dc/elements/1.1/", "dc", "title")

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="A camera">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:7" xmlns:xap="http://ns.adobe.com/xap/1.0/" xap:Rating="5"
    xmlns:dc="http://purl.org/dc/elements/1.1/">
   <xap:CreatorTool> Müller &amp; Söhne </xap:CreatorTool>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Großmutter</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:7"><!-- kept --></rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def edited(packet, *, drop=(), put=()):
    """A packet without some properties and with others."""
    tree = xmp.Packet(packet)
    tree.drop((*drop, *put))
    frame = tree.frame()  # empty where the packet is broken
    return xmp.put_in(frame, put) if put and frame else tree.to_bytes()


def value_of(packet, one):
    (value,) = xmp.Packet(packet).values(one)
    return value


def test_values_are_found_as_attributes_and_as_elements():
    assert value_of(PACKET, RATING) == "5"
    assert value_of(PACKET, TOOL) == "Müller & Söhne"
    assert value_of(PACKET, NOTE) == ""
    assert value_of(b"", NOTE) == ""


def test_what_is_put_in_is_found_and_the_rest_is_there():
    found = edited(PACKET, put={NOTE: "<hello> & Grüße"})
    assert value_of(found, NOTE) == "<hello> & Grüße"
    assert value_of(found, RATING) == "5"
    for part in ("Großmutter", "<!-- kept -->", 'x:xmptk="A camera"', "xap:CreatorTool"):
        assert part in found.decode()
    assert found.startswith('<?xpacket begin="\ufeff"'.encode())
    assert found.endswith(b'<?xpacket end="w"?>')
    assert found.count(b'rdf:about="uuid:7"') == 3


@pytest.mark.parametrize("one", [RATING, TOOL, TITLE])
def test_what_is_dropped_is_gone(one):
    found = edited(PACKET, drop=[one])
    assert value_of(found, one) == ""
    assert f"{one.name}".encode() not in found
    others = {RATING, TOOL} - {one}
    assert xmp.Packet(found).values(*others) == xmp.Packet(PACKET).values(*others)


def test_putting_in_replaces():
    found = edited(edited(PACKET, put={RATING: "1"}), put={RATING: "2"})
    assert value_of(found, RATING) == "2"
    assert found.count(b"Rating>") == 2
    assert edited(found, put={RATING: "2"}) == found


def test_nothing_to_do_changes_nothing():
    assert edited(PACKET, drop=[NOTE]) == PACKET
    assert edited(b"", drop=[NOTE]) == b""


def test_a_new_packet_is_a_whole_one():
    found = edited(b"", put={NOTE: "hello"})
    assert found.startswith('<?xpacket begin="\ufeff"'.encode())
    assert b'rdf:about=""' in found
    assert value_of(found, NOTE) == "hello"


def test_a_packet_without_rdf_gets_some():
    found = edited(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>", put={NOTE: "n"})
    assert value_of(found, NOTE) == "n"
    assert b"<a/>" in found


@pytest.mark.parametrize(
    "broken",
    [
        b"junk",
        b"<a><b></a>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>" * 5000 + b"</a>" * 5000,
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"<a>" + b" " * xmp.MAX_BYTES + b"</a>",
        b"<a b:c='d'/>",
    ],
    ids=range(7),
)
def test_broken_packets_are_passed_on(broken):
    assert edited(broken, put={NOTE: "n"}, drop=[RATING]) == broken
    assert value_of(broken, RATING) == ""


@given(st.binary(max_size=60), st.integers(0, len(PACKET)), st.integers(0, 80))
def test_any_bytes_have_an_answer(junk, at, cut):
    packet = PACKET[:at] + junk + PACKET[at + cut :]
    found = edited(packet, put={NOTE: "n"})
    assert found == packet or value_of(found, NOTE) == "n"


def test_packets_of_very_many_parts_are_passed_on():
    """A tree of four million bytes of tags takes seconds."""
    within, beyond = (PACKET.replace(b"<!-- kept -->", count * b"<a/>") for count in (1000, 25_000))
    assert value_of(edited(within, put={NOTE: "x"}), NOTE) == "x"
    assert edited(beyond, put={NOTE: "x"}) == beyond


def packet_of(description):
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        b'syntax-ns#">' + description + b"</rdf:RDF></x:xmpmeta>"
    )


def test_a_large_preview_takes_no_time_and_is_dropped():
    preview = b'<rdf:Description xmlns:xap="http://ns.adobe.com/xap/1.0/"><xap:Thumbnails>'
    preview += b"QUJD" * 100_000 + b"</xap:Thumbnails></rdf:Description>"
    found = edited(
        packet_of(preview), drop=[Property("http://ns.adobe.com/xap/1.0/", "xmp", "Thumbnails")]
    )
    assert b"QUJD" not in found


def test_all_of_a_namespace_may_go():
    ours = "https://example.org/ns/"
    spaces = f'xmlns:o="{ours}" xmlns:p="urn:p"'
    inner = f'<rdf:Description {spaces} o:a="1" p:c="2"><o:b/></rdf:Description>'
    found = edited(packet_of(inner.encode()), drop=[Property(ours, "o", xmp.ANY)])
    assert b"o:" not in found.replace(b"xmlns:o", b"")
    assert b'p:c="2"' in found
