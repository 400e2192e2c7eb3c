"""Other bots' receiving paths: installs those that this machine can run, and prints what the others need."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench.support.child_process import ROOT, module_command

PEERS = ROOT / "bench" / "peers"
NODE = {
    "Octokit webhooks": "octokit.mjs",
    "Probot": "probot.mjs",
    "Bolt for JavaScript": "bolt.mjs",
    "Hubot": "hubot.mjs",
}
_ERRBOT = PEERS / ".errbot"


def find_commands() -> dict[str, list[str]]:
    """Return the command of each peer that can run here (`{port}` is replaced); print what the others lack."""
    found = {"Bolt for Python": module_command("bench.support.receivers", "bolt", "{port}", "")}
    if _install_node_peers():
        found |= {name: ["node", str(PEERS / file)] for name, file in NODE.items()}
    if _install_errbot():
        found["Errbot"] = [str(_ERRBOT / "bin" / "python"), "-m", "bench.peers.errbot"]
    return found


def _install_node_peers() -> bool:
    if not shutil.which("node") or not shutil.which("npm"):
        _print_left_out(", ".join(NODE), "install Node.js 20 or newer, with npm")
        return False
    there = (PEERS / "node_modules").exists() or _run_quietly(["npm", "ci", "--no-audit", "--no-fund"], PEERS)
    if not there:
        _print_left_out(", ".join(NODE), "`npm ci` in bench/peers did not come to its end")
    return there


def _install_errbot() -> bool:
    if (_ERRBOT / "bin" / "python").exists():
        return True
    made = [sys.executable, "-m", "venv", "--without-pip", str(_ERRBOT)]
    pip = [sys.executable, "-m", "pip", "--python", str(_ERRBOT), "install", "--quiet", "--require-hashes"]
    there = _run_quietly(made, ROOT) and _run_quietly([*pip, "-r", "requirements/peers.txt"], ROOT)
    if not there:
        shutil.rmtree(_ERRBOT, ignore_errors=True)
        _print_left_out("Errbot", "requirements/peers.txt could not be installed")
    return there


def _run_quietly(command: list[str], folder: Path) -> bool:
    ran = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return ran.returncode == 0


def _print_left_out(names: str, why: str) -> None:
    print(f"Left out: {names}: {why}.", flush=True)
