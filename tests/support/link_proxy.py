#!/usr/bin/env python3
"""A link that can be bad: forwards the Unix socket LISTEN to the Unix socket TARGET and obeys commands on stdin, one a line, until it ends.

    link_proxy.py LISTEN TARGET [SEED]

    ok            forward at once (the start)
    delay MS      hold every chunk for about MS milliseconds (0.5 to 1.5 times)
    stall         accept and hold everything, forward nothing
    drop          close every connection and refuse new ones
    cut           close every connection once, accept new ones
"""
import asyncio
import random
import sys

state = {"mode": "ok", "delay": 0.0}
writers = set()


async def pump(reader, writer, rng):
    try:
        while data := await reader.read(65536):
            while state["mode"] == "stall":
                await asyncio.sleep(0.02)
            if state["mode"] == "delay":
                await asyncio.sleep(state["delay"] * rng.uniform(0.5, 1.5))
            writer.write(data)
            await writer.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        writer.close()


async def serve(reader, writer, target, rng):
    if state["mode"] == "drop":
        writer.close()
        return
    try:
        far_reader, far_writer = await asyncio.open_unix_connection(target)
    except OSError:
        writer.close()
        return
    writers.update((writer, far_writer))
    await asyncio.gather(pump(reader, far_writer, rng), pump(far_reader, writer, rng))
    writers.difference_update((writer, far_writer))


def obey(line):
    words = line.split()
    if not words:
        return
    if words[0] in ("drop", "cut"):
        for writer in list(writers):
            writer.transport.abort()
        state["mode"] = "drop" if words[0] == "drop" else "ok"
    elif words[0] in ("ok", "stall"):
        state["mode"] = words[0]
    elif words[0] == "delay":
        state.update(mode="delay", delay=float(words[1]) / 1000)
    else:
        print(f"unknown command {line!r}", file=sys.stderr)


async def main():
    listen, target = sys.argv[1], sys.argv[2]
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    server = await asyncio.start_unix_server(lambda r, w: serve(r, w, target, rng), listen)
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    while line := await stdin.readline():
        obey(line.decode())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    asyncio.run(main())
