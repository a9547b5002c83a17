"""Frees what finished worlds leave behind."""

import gc

from aiohttp import web_app

from tests.simulation.world import World


def collect(*worlds: World) -> None:
    """Free finished worlds; their dead coroutines end here, unheard."""
    lives = [life for world in worlds for life in world.lives]
    for world in worlds:
        world.free()
    # aiohttp remembers the handlers of a thousand routes, and so the worlds that they belong to.
    web_app._cached_build_middleware.cache_clear()
    gc.collect()
    # A coroutine that clings to life at its first end keeps all that it leads to, once.
    gc.collect()
    for life in lives:
        life.close_files()
