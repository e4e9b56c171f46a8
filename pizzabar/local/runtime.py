"""The local runtime: one state file and memory behind every seam."""

from pizzabar.arn import Home
from pizzabar.clock import EmulatorClock, SystemClock, VirtualClock
from pizzabar.local.bus import LocalTransport
from pizzabar.local.connections import LocalConnections
from pizzabar.local.database import Database
from pizzabar.local.executions import LocalExecutions
from pizzabar.local.http_client import LocalHttpClient
from pizzabar.local.invocations import LocalInvocations
from pizzabar.local.kept import LocalKept
from pizzabar.local.logs import LocalLogs
from pizzabar.local.tables import LocalTables
from pizzabar.settings import Settings
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.work import Work


class LocalRuntime:
    """See ``Runtime``."""

    def __init__(
        self, database: Database, tables: LocalTables, logs: LocalLogs, work: Work, clock: EmulatorClock, home: Home
    ) -> None:
        self.database = database
        self.work = work
        self.clock = clock
        self.tables = tables
        self.logs = logs
        self.connections = LocalConnections(database, clock)
        self.http = LocalHttpClient(database)
        self.kept = LocalKept(database)
        self.transport = LocalTransport(database, clock, work)
        self.invocations = LocalInvocations(database, clock, work)
        self._home = home

    def executions(self, tasks: Tasks) -> LocalExecutions:
        """Give the driver of executions."""
        seed = f"{self._home.account}/{self._home.region}"
        return LocalExecutions(self.database, self.clock, self.work, tasks, seed=seed, region=self._home.region)

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
    home = Home(settings.account, settings.region)
    return LocalRuntime(database, tables, logs, work, clock, home)
