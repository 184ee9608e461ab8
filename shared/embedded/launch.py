"""Become a server that dies with the one who started it: `launch.py PARENT SIGNAL UID COMMAND...`, run as a script.

UID is 0, or the number to wear inside a user namespace (PostgreSQL refuses root). The signal is asked for last,
because a change of credentials can forget it. Standard library only: it runs with `-I -S`.
"""

import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NAMESPACE_REFUSED = 71


def main() -> None:
    """Enter the namespace if one is asked for, tie this process to its parent, and become the command."""
    parent, death, uid, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if int(uid):
        enter_namespace(libc, int(uid))
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, int(death), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def enter_namespace(libc: ctypes.CDLL, uid: int) -> None:
    """Wear `uid` in a namespace of our own, where it stands for the account that we are."""
    outer_user, outer_group = os.geteuid(), os.getegid()
    try:
        if libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {outer_user} 1"),
            ("gid_map", f"{uid} {outer_group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as stream:
                stream.write(line)
    except (OSError, AttributeError) as error:
        sys.stderr.write(f"user namespace refused: {error}\n")
        sys.exit(NAMESPACE_REFUSED)


if __name__ == "__main__":
    main()
