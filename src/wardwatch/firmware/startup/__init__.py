"""In: the tree of an image. Out: what runs by itself, in order, why, and what that starts in turn."""

from wardwatch.firmware.scripts import Files

from .mapping import StartUpMap, map_of

__all__ = ["Files", "StartUpMap", "map_of"]
