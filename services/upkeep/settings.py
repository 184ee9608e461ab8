"""Settings of the upkeep alone; no service reads them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class UpkeepSettings(BaseSettings):
    """Where backups go, whom to warn, how processes are started again: from the environment, as every setting."""

    model_config = SettingsConfigDict(env_prefix="MAILLAGE_", frozen=True, extra="ignore")

    admin_email: str = Field("", description="who is warned; empty: the team")
    backups: str = Field("", description="the folder of the backups")
    current: str = Field("", description="the link to the release that runs; an upgrade changes it")
    restart_command: str = "systemctl restart maillage.target"

    @property
    def link(self) -> Path | None:
        """The link to the release that runs, None where releases are put in place by other means."""
        return Path(self.current) if self.current else None

    @property
    def backups_folder(self) -> Path | None:
        """Where backups are kept, None where nobody said."""
        return Path(self.backups) if self.backups else None
