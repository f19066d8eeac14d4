#!/usr/bin/python3
"""A phone that says where it is: slixmpp, a client that others wrote. Its account is a JSON object on the first line of standard input; then
each line is a latitude and a longitude, or "stop", published over PEP (XEP-0080, XEP-0163) and answered with "done" on standard output.
It lets itself be watched by whoever asks, and asks back."""
import asyncio
import json
import ssl
import sys

import slixmpp

PATIENCE = 15


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    account = json.loads(await lines.readline())
    phone = slixmpp.ClientXMPP(account["jid"], account["password"])
    phone.ca_certs = account["ca_file"]
    phone.ssl_context.minimum_version = ssl.TLSVersion.TLSv1_2
    for plugin in ("xep_0030", "xep_0060", "xep_0163", "xep_0080"):
        phone.register_plugin(plugin)
    started = asyncio.get_running_loop().create_future()
    phone.add_event_handler("session_start", lambda _: started.set_result(True))
    phone.connect((account["host"], account["port"]), use_ssl=False, force_starttls=True)
    await asyncio.wait_for(started, PATIENCE)
    await phone.get_roster()
    phone.send_presence()
    print("done", flush=True)
    while line := (await lines.readline()).decode().split():
        if line[0] == "stop":
            await phone["xep_0080"].stop(timeout=PATIENCE)
        else:
            await phone["xep_0080"].publish_location(lat=float(line[0]), lon=float(line[1]), accuracy=20, alt=3, speed=1.5, street="Calle del Volto",
                                                     text="by the window", timeout=PATIENCE)
        print("done", flush=True)
    phone.disconnect()


asyncio.get_event_loop().run_until_complete(main())
