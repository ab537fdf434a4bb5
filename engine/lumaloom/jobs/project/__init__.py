"""Project files: renders described in TOML."""

from lumaloom.jobs.project.loading import load_project
from lumaloom.jobs.project.project import Project, ProjectRender

__all__ = ["Project", "ProjectRender", "load_project"]
