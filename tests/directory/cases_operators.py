"""What operators may do and see."""
import re

from directory_world import run
from directories import SERVICE_PASSWORD


def operators(world):
    """What the directory owns nobody changes here, by any door; aldis directory check explains."""
    for command in (("user", "add", "somebody@bind.example"), ("user", "passwd", "juliet@bind.example")):
        code, said = world.operator(*command, text="a long password\n")
        assert code == 1 and 'the directory "bind"' in said, said
    for command in (("user", "disable"), ("user", "delete")):
        code, said = world.operator(*command, "juliet@bind.example")
        assert code == 1 and 'the directory "bind"' in said, said

    async def story():
        juliet = await world.client("juliet@bind.example", "juliet secret").log_in()
        try:
            await juliet["xep_0077"].change_password("another long password", timeout=10)
            raise AssertionError("a password was changed")
        except Exception as error:
            assert getattr(error, "condition", "") == "not-allowed", error
        await juliet.log_out()
    run(story())
    code, said = world.operator("directory", "check", "juliet@bind.example")
    assert code == 0, said
    for wanted in (r"connection\s+yes", r"tls\s+yes\s+.*TLS", r"login\s+yes\s+as cn=aldis", r"search\s+yes\s+one entry", r"entry\s+yes\s+cn=juliet",
                   r"name\s+yes", r"enabled\s+yes", r"password\s+yes", r"everybody\s+yes\s+\d+ entries", r"account\s+yes\s+known here"):
        assert re.search(wanted, said), (wanted, said)
    code, said = world.operator("directory", "check", "romeo@scram.example")
    assert code == 0 and "SHA-256 (4096 iterations)" in said, said
    code, said = world.operator("directory", "check", "twin@bind.example")
    assert code == 0 and re.search(r"search\s+no\s+more than one", said), said
    code, said = world.operator("directory", "check", "nobody@bind.example")
    assert code == 0 and re.search(r"search\s+no\s+no entry", said), said
    code, said = world.operator("directory", "check", "montague@own.example")
    assert code == 1 and "no directory owns" in said, said
    assert SERVICE_PASSWORD not in world.log() and "juliet secret" not in world.log(), "a password is in the log"
