"""The pointwise compiler: functions of a pixel become a graph, the graph becomes one loop over the picture."""
