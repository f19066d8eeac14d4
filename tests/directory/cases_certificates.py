"""Certificates whose owner the directory knows."""
import subprocess
import time

from directory_world import TOO_LATE, Raw   # first: it knows where the others are
from directories import PEOPLE
import servers


def certificates(world):
    """The rules of certificates look in the directory too: one entry is somebody, two are nobody, silence is a reason to try again."""
    folder = world.folder
    cards = {name: servers.make_card(folder, f"card-{name}", names) for name, names in (
        ("juliet", "email:juliet@example.org"), ("nurse", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:1234567890@mil"), ("two", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:two@mil"),
        ("romeo", "DNS:romeo.example"), ("star", "email:*@example.org"), ("stranger", "email:stranger@example.org"))}

    def login(name, domain="bind.example"):
        stream = Raw(world, domain, cards[name])
        answer = stream.external()
        stream.close()
        return answer
    world.slapd.set("nurse", "employeeNumber", "1234567890@mil")
    for name in ("romeo", "benvolio"):
        world.slapd.set(name, "employeeNumber", "two@mil")
    der = subprocess.run(["openssl", "x509", "-in", cards["romeo"][0], "-outform", "DER"], capture_output=True, check=True).stdout
    assert login("romeo") == "not-offered"
    world.slapd.set("romeo", "userCertificate;binary", der)
    assert login("juliet") == "success"
    assert login("nurse") == "success"
    assert login("romeo") == "success", "found by issuer and serial number"
    assert "certificateExactMatch" in world.slapd.log() or "serialNumber" in world.slapd.log()
    for name in ("two", "star", "stranger"):
        assert login(name) in ("not-offered", "not-authorized"), name
    world.slapd.set("nurse", "pwdAccountLockedTime", "000001010000Z")
    assert login("nurse") != "success", "disabled"
    world.slapd.change(f"dn: cn=nurse,{PEOPLE}\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
    began = time.monotonic()
    answer = login("juliet", "hang.example")
    assert answer == "temporary-auth-failure" and time.monotonic() - began < TOO_LATE, answer
