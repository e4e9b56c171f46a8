"""The local runtime: one state file and memory behind every seam."""

import logging
from typing import TYPE_CHECKING

from pizzabar.clock import EmulatorClock, SystemClock, VirtualClock
from pizzabar.lambda_.sandboxes import Sandboxes
from pizzabar.local.archives import LocalArchives
from pizzabar.local.bus import LocalTransport
from pizzabar.local.connections import LocalConnections
from pizzabar.local.database import Database
from pizzabar.local.executions import LocalExecutions
from pizzabar.local.http_client import LocalHttpClient
from pizzabar.local.invocations import LocalInvocations
from pizzabar.local.kept import LocalKept
from pizzabar.local.logs import LocalLogs
from pizzabar.local.queues import LocalQueues
from pizzabar.local.schedules import LocalScheduledInvocations, LocalScheduleStore
from pizzabar.local.tables import LocalTables
from pizzabar.settings import Settings
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.work import Work

if TYPE_CHECKING:
    from pizzabar.local.sandboxes import LocalSandboxes

log = logging.getLogger("pizzabar")


class LocalRuntime:
    """See ``Runtime``."""

    def __init__(
        self,
        database: Database,
        tables: LocalTables,
        logs: LocalLogs,
        work: Work,
        clock: EmulatorClock,
        settings: Settings,
    ) -> None:
        self.database = database
        self.work = work
        self.clock = clock
        self.tables = tables
        self.logs = logs
        self.connections = LocalConnections(database, clock)
        self.http = LocalHttpClient(database)
        self.kept = LocalKept(database)
        self.queues = LocalQueues(database)
        self.archives = LocalArchives(database)
        self.transport = LocalTransport(database, clock, work)
        self.invocations = LocalInvocations(database, clock, work)
        self.schedules = LocalScheduleStore(database)
        self.scheduled = LocalScheduledInvocations(database, clock, work)
        self._settings = settings
        self._sandboxes: LocalSandboxes | None = None

    def sandboxes(self) -> Sandboxes:
        """Give the sandboxes of functions that run in processes of their own."""
        # What runs processes is imported where there are any.
        from pizzabar.local.builds import Builds
        from pizzabar.local.progress import Progress
        from pizzabar.local.sandboxes import LocalSandboxes

        if self._sandboxes is None:
            builds = Builds(self._settings.cache_folder / "build", Progress(log.warning))
            self._sandboxes = LocalSandboxes(self.database, self.work, builds, concurrency=self._settings.sandboxes)
        return self._sandboxes

    def executions(self, tasks: Tasks) -> LocalExecutions:
        """Give the driver of executions."""
        account, region = self._settings.account, self._settings.region
        return LocalExecutions(
            self.database,
            self.clock,
            self.work,
            tasks,
            seed=f"{account}/{region}",
            region=region,
            buckets=self._settings.buckets,
            mocks=self._settings.mocks,
        )

    async def durable(self) -> None:
        """Return when every change made so far is durable, together with what others change meanwhile."""
        await self.database.durable()

    async def flush(self) -> None:
        """Make every change so far durable now."""
        await self.database.flush()

    async def close(self) -> None:
        """Let go of everything, durably."""
        self.clock.stop()
        await self.work.stop()
        await self.http.close()
        await self.database.close()


async def open_runtime(settings: Settings) -> LocalRuntime:
    """Open the state file and set the clock as the settings say. Raise ``StateFileError``."""
    work = Work()
    clock = EmulatorClock(
        SystemClock(settings.speed) if settings.clock == "real" else VirtualClock(work, auto=settings.clock == "auto")
    )
    database = await Database.open(settings.state, work, durability=settings.durability)
    try:
        tables = await LocalTables.open(database, clock)
        logs = LocalLogs(database)
    except BaseException:
        await database.close()
        raise
    return LocalRuntime(database, tables, logs, work, clock, settings)
