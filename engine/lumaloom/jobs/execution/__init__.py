"""How jobs are run: in this engine, in processes of their own, on other machines."""

from lumaloom.jobs.execution.batch import name_render, run_all
from lumaloom.jobs.execution.executor import Executor, Job, Outcome, Renders
from lumaloom.jobs.execution.local import LocalExecutor
from lumaloom.jobs.execution.side import Call, Place, SideBySide

__all__ = [
    "Call",
    "Executor",
    "Job",
    "LocalExecutor",
    "Outcome",
    "Place",
    "Renders",
    "SideBySide",
    "name_render",
    "run_all",
]
