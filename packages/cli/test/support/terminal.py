"""Runs a program in a pseudo-terminal: terminal.py SECONDS_UNTIL_CTRL_C PROGRAM WORDS…; 0 seconds: never."""
import os
import pty
import select
import sys
import time

interrupt_s = float(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
began = time.monotonic()
while True:
    ready, _, _ = select.select([terminal], [], [], 0.05)
    if interrupt_s and time.monotonic() - began > interrupt_s:
        os.write(terminal, b"\x03")
        interrupt_s = 0
    if not ready:
        continue
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
