"""Meters, supplies and alerts over time."""
