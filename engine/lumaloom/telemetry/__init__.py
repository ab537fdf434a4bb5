"""Traces and metrics by OpenTelemetry; loaded where they are switched on."""
