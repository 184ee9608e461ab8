"""Three NATS servers that keep each stream three times, each a process of its own to kill."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.client import Client

from services.nats_users import bus_users
from shared.contracts import FACTS
from shared.embedded.nats import binary, is_healthy
from shared.embedded.ports import free_port
from shared.embedded.process import Process
from tests.conftest import eventually
from tests.e2e.apart import NETWORK

NODES = 3
PASSWORD = "essai"


@dataclass
class Node:
    """One of the three."""

    name: str
    folder: Path
    port: int = field(default_factory=free_port)
    monitoring: int = field(default_factory=free_port)
    routes: int = field(default_factory=free_port)
    process: Process | None = None

    async def start(self) -> None:
        """Start it; whoever needs it waits for `answers`."""
        log = self.folder / "nats.log"
        self.process = await Process.start([binary(), "-c", self.folder / "nats.conf"], log, signal.SIGKILL)

    async def answers(self) -> bool:
        """Whether its JetStream is open."""
        return await is_healthy(self.monitoring)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        await self.process.stop()


@dataclass
class Cluster:
    """Three nodes of one cluster."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        """What a service is told: three addresses, `{user}` left open."""
        return ",".join(f"nats://{{user}}:{PASSWORD}@127.0.0.1:{node.port}" for node in self.nodes)

    async def leader(self, owner: Client) -> Node:
        """The node that leads FACTS now."""

        async def look() -> Node | None:
            info = await owner.jetstream(timeout=2).stream_info(FACTS)
            name = info.cluster.leader if info.cluster else None
            return next((node for node in self.nodes if node.name == name), None)

        return await eventually(look, 20)

    async def whole(self, owner: Client) -> bool:
        """Whether both followers of FACTS hold all that its leader holds."""
        info = await owner.jetstream(timeout=2).stream_info(FACTS)
        peers = info.cluster.replicas or [] if info.cluster else []
        return len(peers) == NODES - 1 and all(peer.current and not peer.offline for peer in peers)


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Three nodes, up for as long as the body lasts."""
    nodes = [Node(f"n{number}", folder / f"n{number}") for number in range(1, NODES + 1)]
    for node in nodes:
        node.folder.mkdir(parents=True)
        (node.folder / "nats.conf").write_text(json.dumps(_configuration(node, nodes)))
        await node.start()
    try:
        for node in nodes:
            await eventually(node.answers, 30)
        yield Cluster(nodes)
    finally:
        await asyncio.gather(*(node.kill() for node in nodes))


def _configuration(node: Node, nodes: list[Node]) -> dict[str, object]:
    users = [
        {
            "user": one.name,
            "password": PASSWORD,
            "permissions": {"publish": one.publish, "subscribe": one.subscribe},
        }
        for one in bus_users(NETWORK)
    ]
    return {
        "server_name": node.name,
        "listen": f"127.0.0.1:{node.port}",
        "http": f"127.0.0.1:{node.monitoring}",
        "jetstream": {"store_dir": str(node.folder / "store"), "sync_interval": "always"},
        "authorization": {"timeout": 5, "users": users},
        "cluster": {
            "name": "essai",
            "listen": f"127.0.0.1:{node.routes}",
            "routes": [f"nats://127.0.0.1:{other.routes}" for other in nodes],
        },
    }
