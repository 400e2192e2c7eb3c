"""Simulates a slower disk: a small C library, compiled here, delays every sync."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait(void) {
    long micros = atol(getenv("SYNC_MICROSECONDS"));
    struct timespec pause = {micros / 1000000, micros % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

int fsync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait();
    return real(file);
}

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait();
    return real(file);
}
"""


def build_slow_disk(folder: Path, milliseconds: float) -> Mapping[str, str] | None:
    """Return the environment in which every sync takes longer; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        print("Left out: slower disks: install a C compiler.", flush=True)
        return None
    (source := folder / "slow.c").write_text(_SOURCE)
    library = folder / "slow.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "SYNC_MICROSECONDS": str(int(milliseconds * 1000))}
