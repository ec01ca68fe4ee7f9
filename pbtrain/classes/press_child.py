"""The child process that sets certificates: `python -m pbtrain.classes.press_child FOLDER [COUNT]`.

FOLDER has certificate.typ, data.json and pictures; the result is FOLDER/0.pdf with all pages, or with COUNT a
file for each page from 0.pdf on. The process may use 2 GB and 60 s and knows neither database nor site; what
typst keeps in memory goes with it.
"""

import resource
import sys
from pathlib import Path

import typst
from pylopdf_fonts_zh_cn import sans_path

MEMORY = 2 * 1024**3
SECONDS = 60


def main() -> None:
    """Set what lies in the folder named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    folder = Path(sys.argv[1])
    compiler = typst.Compiler(
        input=str(folder / "certificate.typ"),
        root=str(folder),
        font_paths=[str(Path(sans_path()).parent)],
        ignore_system_fonts=True,
    )
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for number in range(count or 1):
        asked = {"page": str(number)} if count else {}
        made = compiler.compile(format="pdf", pdf_tags=False, sys_inputs=asked)
        folder.joinpath(f"{number}.pdf").write_bytes(made)


if __name__ == "__main__":
    main()
