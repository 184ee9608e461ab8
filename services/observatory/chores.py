"""What the observatory does by the clock: it listens to its own database for the readers of live pages."""

from services.observatory.live import follow_the_figures
from shared.chores import Chore

CHORES = (Chore("follow the figures", 1, follow_the_figures),)
