"""The child process that sets certificates: `python -m pbtrain.classes.press_child FOLDER`.

FOLDER has certificate.typ, data.json and pictures; the result is FOLDER/out.pdf. The process may use 1 GB and
60 s and knows neither database nor site; what typst keeps in memory goes with it.
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
    folder.joinpath("out.pdf").write_bytes(compiler.compile(format="pdf", pdf_tags=False))


if __name__ == "__main__":
    main()
