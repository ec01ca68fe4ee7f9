"""Before the tests: what they need from the machine is there, or is installed, or the run says what to type.

`python -m tests.support.ensure` looks for a Chromium, a Chinese font and a PostgreSQL server. Where apt
knows the Chromium without windows it is fetched too: it takes a third of the time. The tests run without it.
"""

import os
import shutil
import subprocess
import sys

from tests.support import postgres
from tests.support.browser import LIGHT, chromium


def has_chinese_font() -> bool:
    """Without one every Chinese character is an empty box."""
    if not shutil.which("fc-list"):
        return False
    found = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def missing() -> list[str]:
    """Debian packages that would bring what is not here."""
    wanted = [] if chromium() else ["chromium"]
    if not has_chinese_font():
        wanted += ["fonts-noto-cjk", "fontconfig"]
    if not os.environ.get("PBTRAIN_TEST_DATABASE_URL") and not postgres.candidates():
        wanted.append("postgresql")
    return wanted


APT = ("apt-get", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")


def may_install() -> bool:
    """As root on Debian or Ubuntu."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str], *, renew: bool = True) -> None:
    """CalledProcessError when apt cannot; `renew` asks the archive for its lists first."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {', '.join(packages)} for the tests", flush=True)
    if renew:
        subprocess.run([*APT, "update", "-qq"], check=True, env=environment)
    command = [*APT, "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def lighten() -> None:
    """The quicker Chromium, where the machine has none and apt knows it; nothing fails when apt does."""
    if shutil.which(LIGHT) or not shutil.which("apt-cache"):
        return
    found = subprocess.run(["apt-cache", "show", LIGHT], capture_output=True, check=False)
    if found.returncode == 0 and found.stdout.strip():
        try:
            install([LIGHT], renew=False)
        except subprocess.CalledProcessError as error:
            print(f"The tests go on without {LIGHT}: {error}", file=sys.stderr)


def main() -> int:
    """0 when everything is here in the end."""
    packages = missing()
    if packages and may_install():
        try:
            install(packages)
        except subprocess.CalledProcessError as error:
            print(f"apt-get failed: {error}", file=sys.stderr)
        packages = missing()
    if packages:
        line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)
        print(f"The tests need more from this machine. Type:  {line}", file=sys.stderr)
        return 1
    if may_install():
        lighten()
    return 0


if __name__ == "__main__":
    sys.exit(main())
