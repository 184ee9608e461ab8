"""Settings come from the environment (`MAILLAGE_...`) only; the embedded mode fills the rest from its data folder."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import reference

SERVICES = ("registry", "events", "mailing", "observatory")
DEFAULT_SECRET = "change-me"


class Settings(BaseSettings):
    """What one process needs to know; the same names in a container, a unit file and the embedded mode."""

    model_config = SettingsConfigDict(env_prefix="MAILLAGE_", frozen=True, extra="ignore")

    data: Path = Path(".data")
    network: str = Field("so-cooperation", pattern=r"^[a-z0-9-]{1,40}$", description="the network's word in subjects")
    network_name: str = "SO Coopération"
    network_tagline: str = "Réseau régional multi-acteurs, Nouvelle-Aquitaine"
    network_place: str = "SO Coopération, Bordeaux et Poitiers"
    region: str = Field("75", description="INSEE code of the region")
    public_url: str = Field("http://127.0.0.1:8000", pattern=r"^https?://(\[[0-9a-f:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$")
    service_url: str = Field("", pattern=r"^(https?://[^\s/]+)?$", description="from inside, with `{service}`")
    secret: str = Field(DEFAULT_SECRET, description="signs links, sessions and tokens")
    people_secret: str = Field(DEFAULT_SECRET, description="keys the pseudonym of a person")
    production: bool = False
    database_url: str = Field("", pattern="^(postgres(ql)?://.+)?$", description="the service's own; empty: embedded")
    nats_url: str = Field("", description="one or several addresses, comma separated; empty: embedded")
    nats_user: str = ""
    nats_password: str = ""
    nats_replicas: int = Field(1, ge=1, le=5)
    ack_wait: float = Field(20, ge=1, le=600, description="seconds until what a killed process had taken comes again")
    owner_nats_user: str = Field("owner", description="the bus owner's user, for the commands that may declare streams")
    owner_nats_password: str = ""
    smtp_url: str = Field("", pattern=r"^(smtps?://([^\s/]*@)?(\[[0-9a-f:]+\]|[^\s/?#@:\[\]]+)(:\d{1,5})?/?)?$")
    smtp_is_mailbox: bool = Field(False, description="the mail server only catches; set by the embedded mode")
    mail_rate: float = Field(0, ge=0, le=1_000, description="mails a second and a process at most; 0: no limit")
    mail_from: str = Field("SO Coopération <lettre@so-cooperation.example>", pattern=r"[^\s@<]@[^\s@>]+>?$")
    team_email: str = Field("equipe@so-cooperation.example", pattern=r"^[^\s@]+@[^\s@]+$")
    demo: bool = Field(True, description="load the fictional season at the first start of the embedded mode")
    examples: bool = Field(True, description="load the examples at the first start of the embedded mode")
    pool: int = Field(16, ge=2, le=200, description="connections to PostgreSQL, a process")

    @property
    def region_name(self) -> str:
        """The region's name, as its pages say it."""
        found = reference.region(self.region)
        return found.name if found else ""

    def refuse_default_secrets(self) -> None:
        """Raise ValueError when a production process would sign with the secret everyone knows, or with none."""
        if self.production and {DEFAULT_SECRET, ""} & {self.secret, self.people_secret}:
            raise ValueError("MAILLAGE_SECRET and MAILLAGE_PEOPLE_SECRET must be set in production.")
