"""The whole one-machine mode behind one `async with`: PostgreSQL, NATS and the mailbox in a data folder."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from fastapi import FastAPI

from shared.embedded.errors import from_os_error
from shared.embedded.layout import DataFolder, RunningSystem, Secrets, now
from shared.embedded.mailbox import Mailbox, SmtpCatcher
from shared.embedded.mailbox_pages import mailbox_app
from shared.embedded.nats import NatsServer, NatsUser
from shared.embedded.postgres import PostgresServer
from shared.embedded.supervisor import Supervisor
from shared.settings import SERVICES


class EmbeddedSystem:
    """The servers of one data folder: `async with EmbeddedSystem(folder, nats_users=[...]) as system:`.

    Enter it in the thread that lives as long as the system (the main one): the servers die with that thread.
    Raises CannotStart, whose `sentence` says why. A `database_url` or `nats_url` from outside means that this server
    is not started: `{service}` or `{user}` in it is replaced; without one, the database's name becomes the service's.
    """

    secrets: Secrets
    mailbox: Mailbox
    mailbox_app: FastAPI
    smtp_url: str

    def __init__(
        self,
        data: Path,
        *,
        nats_users: Sequence[NatsUser],
        databases: Sequence[str] = SERVICES,
        database_url: str = "",
        nats_url: str = "",
        site_url: str | None = None,
    ) -> None:
        self.folder = DataFolder(data)
        self.on_restart: list[Callable[[str], None]] = []
        self.postgres: PostgresServer | None = None
        self.nats: NatsServer | None = None
        self._databases = tuple(databases)
        self._users = tuple(nats_users)
        self._outside_database, self._outside_nats = database_url, nats_url
        self._started_at, self._site_url = now(), site_url
        self._exit = AsyncExitStack()
        self._supervisor = Supervisor(self._tell_restart)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.enter_context(self.folder)
            stack.push_async_callback(self._supervisor.stop)
            try:
                await self._start_servers()
                await self._start_mailbox(stack)
                self.announce()
            except OSError as error:
                raise from_os_error(error, self.folder.path) from error
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def _start_servers(self) -> None:
        self.secrets = self.folder.secrets(self._databases, [user.name for user in self._users if not user.password])
        ports = self.folder.ports()
        starting = []
        if not self._outside_database:
            self.postgres = PostgresServer(self.folder, self.secrets, self._databases)
            starting.append(self.postgres.start(ports.postgres))
        if not self._outside_nats:
            self.nats = NatsServer(self.folder, self.secrets, self._users)
            starting.append(self.nats.start(ports.nats, ports.monitoring))
        tasks = [asyncio.ensure_future(start) for start in starting]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for server in (self.nats, self.postgres):
                if server:
                    await server.stop()
            raise
        for up in (self.postgres, self.nats):
            if up:
                self._supervisor.watch(up)

    async def _start_mailbox(self, stack: AsyncExitStack) -> None:
        self.mailbox = Mailbox(self.folder.mailbox)
        self.mailbox_app = mailbox_app(self.mailbox)
        catcher = await stack.enter_async_context(SmtpCatcher(self.mailbox, self.folder.ports().smtp))
        self.smtp_url = f"smtp://127.0.0.1:{catcher.port}"

        kept = self.folder.ports().model_copy(update={"smtp": catcher.port})
        if self.postgres:
            kept.postgres = self.postgres.port
        if self.nats:
            kept.nats, kept.monitoring = self.nats.port, self.nats.monitoring_port
        self.folder.keep_ports(kept)

    def database_url(self, service: str) -> str:
        """The address of a service's own database."""
        if self.postgres:
            return self.postgres.url(service)
        if "{service}" in self._outside_database:
            return self._outside_database.replace("{service}", service)
        return urlunsplit(urlsplit(self._outside_database)._replace(path=f"/{service}"))

    def nats_url(self, user: str) -> str:
        """The address of the bus for one of its users."""
        return self.nats.url(user) if self.nats else self._outside_nats.replace("{user}", user)

    @property
    def owner_url(self) -> str | None:
        """The superuser's address, for backup and tests; None when PostgreSQL is from outside."""
        return self.postgres.owner_url() if self.postgres else None

    def announce(self, site_url: str | None = None) -> None:
        """Write system.json, by which the other commands find this system; call it again once the site is up."""
        servers = {
            server.name: server.process.pid for server in (self.postgres, self.nats) if server and server.process
        }
        self._site_url = site_url or self._site_url
        self.folder.announce(
            RunningSystem(
                pid=os.getpid(),
                started_at=self._started_at,
                site_url=self._site_url,
                owner_url=self.owner_url,
                database_urls={service: self.database_url(service) for service in self._databases},
                nats_urls={user.name: self.nats_url(user.name) for user in self._users},
                monitoring_url=self.nats.monitoring_url if self.nats else None,
                smtp_url=self.smtp_url,
                processes=servers,
            )
        )

    def _tell_restart(self, server: str) -> None:
        self.announce()
        for listener in self.on_restart:
            listener(server)
