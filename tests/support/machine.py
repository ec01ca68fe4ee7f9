"""State machines on the database of a test: acts in any order, and what must hold after each of them."""

from typing import Any

import time_machine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError


class Machine(RuleBasedStateMachine):
    """`start` is the instant at which each of its runs begins; `clock` moves on from there."""

    start = ""
    backend: Any = None
    clock: Any = None

    def begin_anew(self) -> None:
        """An empty database, at the instant the runs begin; no object of an earlier run lives on."""
        self.clock.move_to(self.start)
        self.backend.reset()
        db.session.remove()

    def attempt(self, work: Any) -> Any:
        """Do it in one transaction; a refusal is one of the answers, and changes nothing."""
        try:
            with transaction():
                return work()
        except RuleError:
            return None


def run(machine: type[Machine], backend: Any, request: Any, *, steps: int, **tools: Any) -> None:
    """As many runs as asked for by --machine-runs, always the same ones; `tools` are functions it uses."""
    machine.backend = backend
    for name, tool in tools.items():
        setattr(machine, name, staticmethod(tool))
    with time_machine.travel(machine.start, tick=False) as machine.clock:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=request.config.getoption("--machine-runs"),
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
