"""From a chain of effects to a plan: formats negotiated, identities dropped, devices assigned."""

from lumaloom.graph.plan import Conversion, Plan, Run, Step, make_plan

__all__ = ["Conversion", "Plan", "Run", "Step", "make_plan"]
