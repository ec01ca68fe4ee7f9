"""Find every module of a package, so that adding a file is enough."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def load_all(package: ModuleType) -> None:
    """Import every module of the package, in the order of their names."""
    for module in sorted(iter_modules(package.__path__, f"{package.__name__}."), key=lambda m: m.name):
        import_module(module.name)
