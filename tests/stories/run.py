#!/usr/bin/python3
"""Runs stories: dialogues of real clients with a real server over real TLS, each on a server of its own.

    run.py --server aldis --binary build/dev/aldis [--keep] [file or story ...]
    run.py --server prosody
    run.py --list

Exit code 0 if every story went as written. With --keep, a failed story's folder (configuration, data, log) stays.
"""
import argparse
import importlib
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

import servers
import story


def load_stories():
    for path in sorted(pathlib.Path(__file__).parent.glob("story_*.py")):
        importlib.import_module(path.stem)
    return story.STORIES


def wanted(function, server, names):
    fits = function.only in (None, server)
    return fits and (not names or function.__name__ in names or function.__module__ in names)


def tell(function, make_server, keep):
    """Runs one story; gives back None, or what went wrong."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="story-"))
    server, problem = None, None
    try:
        server = make_server(folder)
        server.start()
        scene = story.Scene(server)
        function(scene)
        scene.end()
        server.stop()
    except Exception:
        problem = traceback.format_exc()
        if server is not None:
            problem += f"-- the end of {server.name}'s log:\n{server.log()}"
    finally:
        if server is not None:
            server.kill()
        if problem and keep:
            problem += f"-- kept {folder}\n"
        else:
            shutil.rmtree(folder)
    return problem


def main():
    parser = argparse.ArgumentParser(description="run stories against a server")
    parser.add_argument("--server", choices=sorted(servers.PROFILES), default="aldis")
    parser.add_argument("--binary", type=pathlib.Path, help="the aldis program")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a failed story")
    parser.add_argument("--list", action="store_true", help="list the stories and what they show")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    stories = load_stories()
    if arguments.list:
        for function in stories:
            print(f"{function.__module__}.{function.__name__}: {function.clause}"
                  + (f" ({function.only} only)" if function.only else ""))
        return 0
    if arguments.server == "aldis" and (arguments.binary is None or not arguments.binary.is_file()):
        parser.error("--server aldis needs --binary, the aldis program")
    chosen = [function for function in stories if wanted(function, arguments.server, arguments.names)]
    if not chosen:
        parser.error("no such story for this server")
    failed = 0
    for function in chosen:
        started = time.monotonic()
        problem = tell(function, lambda folder: servers.make(arguments.server, folder, arguments.binary), arguments.keep)
        print(f"{'FAILED' if problem else 'ok    '} {function.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        if problem:
            failed += 1
            print(problem, flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} stories went as written on {arguments.server}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
