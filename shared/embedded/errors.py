"""Why the embedded servers cannot start: the docstring or the argument is the one sentence people read."""

import errno
from inspect import getdoc
from pathlib import Path


class CannotStart(Exception):
    """Maillage ne peut pas démarrer."""

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or getdoc(type(self)) or ""
        super().__init__(self.sentence)


class NewerData(CannotStart):
    """Le dossier de données vient d’une version plus récente de Maillage : installez cette version pour l’ouvrir."""


class AlreadyRunning(CannotStart):
    """Maillage tourne déjà avec ce dossier de données."""


class NamespaceRefused(CannotStart):
    """PostgreSQL ne tourne pas en root et ce système refuse les espaces de noms d’utilisateur : lancez Maillage avec un compte ordinaire."""  # noqa: E501


def from_os_error(error: OSError, folder: Path) -> CannotStart:
    """The sentence for an error met while writing into the data folder."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(f"Le disque est plein : faites de la place pour le dossier de données {folder}.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CannotStart(f"Le dossier de données {folder} n’est pas accessible en écriture par ce compte.")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return CannotStart(f"Le dossier de données {folder} n’est pas un dossier.")
    return CannotStart(f"Le dossier de données {folder} ne peut pas être ouvert : {error.strerror or error}.")
