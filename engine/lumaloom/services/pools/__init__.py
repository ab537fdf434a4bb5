"""Worker pools: threads that jobs share fairly, and how the cores are divided among the stages of each."""

from lumaloom.services.pools.lane import Lane
from lumaloom.services.pools.pool import Pool
from lumaloom.services.pools.pools import Pools
from lumaloom.services.pools.shares import Budget, Shares, Work, divide
from lumaloom.services.pools.statistics import LaneStatistics, PoolStatistics

__all__ = [
    "Budget",
    "Lane",
    "LaneStatistics",
    "Pool",
    "PoolStatistics",
    "Pools",
    "Shares",
    "Work",
    "divide",
]
