"""Tasks of the composition root."""

import asyncio
import gc
import warnings
from pathlib import Path

from twoleg.runtime.app import App
from twoleg.runtime.kits import Seams
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import load_settings


async def test_work_cancelled_before_its_first_step_leaves_nothing_behind(tmp_path: Path) -> None:
    overrides = {"daemon.state_dir": str(tmp_path)}
    app = App(
        load_settings(None, {}, overrides=overrides),
        (),
        Seams(SystemClock(), SystemEntropy(), SocketNetwork()),
    )
    done: list[str] = []

    async def work() -> None:
        done.append("ran")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with asyncio.TaskGroup() as app._group:
            app.spawn("never", work())
            for task in app._tasks:
                task.cancel()
        gc.collect()
    assert done == []
    assert not app._tasks
