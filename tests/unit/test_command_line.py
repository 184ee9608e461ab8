"""The command line before any command has begun."""

import subprocess
import sys

INTERRUPTED = """
import sys
from services.__main__ import main

class CtrlC:
    def find_spec(self, name, *_more):
        if name == "services.cli.running":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
sys.argv = ["maillage", "run"]
main()
"""


def test_ctrl_c_while_the_modules_load_ends_without_a_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (130, "")
