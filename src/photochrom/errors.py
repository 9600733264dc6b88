"""The errors that Photochrom raises on purpose.

    PhotochromError
    ├── OptionError           an option has a value that it can't have (also a ValueError)
    ├── ShapeError            an array has the wrong shape (also a ValueError)
    ├── ColorError            a color or palette can't be understood (also a ValueError)
    ├── HintError             a hint can't be understood, or lies outside the picture (ditto)
    ├── EditsError            a file of edits can't be read
    ├── PictureError
    │   ├── AlreadyColoredError  a photograph has colors, and only gray ones were wanted
    │   ├── MemoryBudgetError    a picture takes more memory than may be used
    │   ├── PictureReadError  a file or bytes can't be read as a picture
    │   │   └── DamagedPictureError  it is damaged or truncated
    │   └── PictureWriteError a picture can't be written
    │       └── OutputExistsError  the output is there already and may not be replaced
    ├── FilmError
    │   ├── FilmReadError     a film can't be read
    │   │   └── UnsupportedFilmError  it is of a kind that can't be colorized (HDR, ...)
    │   ├── FilmWriteError    a film can't be written
    │   ├── FilmHintsError    a film's hints file can't be understood (also a ValueError)
    │   └── WorkFolderError   the work folder belongs to another order
    ├── JobError              inputs and outputs of a batch don't suit each other
    ├── ManifestError         a batch's manifest can't be read or written
    ├── StoreError            an object store can't be reached, or refuses
    ├── ClusterError          a Ray cluster can't be reached, or was lost
    ├── ModelError
    │   ├── ModelNotFoundError     no such model name or file
    │   ├── ContractError          the file is no Photochrom model, or of a newer version
    │   ├── DeviceError            the device that a model was to run on is not there
    │   └── UnsupportedError       the model can't do what was asked of it
    │       └── NoAlternativeError   a photograph has fewer alternatives than were asked for
    ├── RecipeError           a training recipe has an unknown key or a wrong value
    ├── DataError             a data set is missing, empty or unusable
    ├── TrainingError
    │   ├── DivergedError     the loss is no longer a finite number
    │   └── CheckpointError   a checkpoint can't be written, read or resumed from
    ├── MissingExtraError     an optional part of the package is not installed
    └── StoppedError          work was ended, as nobody waits for it any more

A message says what was found and what was wanted. What a person can do about it, where that
depends on the door by which they came, is the error's `Advice`. The library raises and
never prints; ``photochrom.cli`` and ``photochrom.studio`` turn these into words and codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Advice(StrEnum):
    """What can be done about an error; the command line and the HTTP API say how."""

    REPLACE = "replace"
    """Allow replacing what is there."""
    OTHER_OUTPUT = "other-output"
    """Choose another place for the result."""
    OUTPUT_FOLDER = "output-folder"
    """Name a folder for the results."""
    KEEP_PATHS = "keep-paths"
    """Keep the inputs' paths below the folder of the results."""
    OTHER_MANIFEST = "other-manifest"
    """Choose another file for the manifest."""
    OTHER_RUN = "other-run"
    """Choose another folder for the training run."""
    RESUME = "resume"
    """Go on with what is left."""
    ALLOW_DAMAGED = "allow-damaged"
    """Use what can be decoded of a damaged file."""
    MORE_PIXELS = "more-pixels"
    """Raise the limit of pixels."""
    MORE_MEMORY = "more-memory"
    """Raise the limit of memory."""
    SEE_MODELS = "see-models"
    """Look at which models there are, and what they can do."""
    NAME_MODEL = "name-model"
    """Choose the model."""
    ADD_AGAIN = "add-again"
    """Add the model's file again."""
    DESCRIBE_MODEL = "describe-model"
    """Say of which kind the model is."""
    NAME_LICENSE = "name-license"
    """Say under which license the model is."""
    OTHER_NAME = "other-name"
    """Choose another name."""
    PACK = "pack"
    """Pack photographs to train from."""
    UPGRADE = "upgrade"
    """Install a newer Photochrom."""
    OTHER_PORT = "other-port"
    """Listen at another port."""
    NAME_VISITORS = "name-visitors"
    """Say who may come in."""


class PhotochromError(Exception):
    """The root of all errors that Photochrom raises on purpose.

    Parameters
    ----------
    message : what was found, and what was wanted
    advice : what can be done about it
    """

    def __init__(self, message: str = "", *, advice: Iterable[Advice] = ()) -> None:
        super().__init__(message)
        self.advice = tuple(advice)


class OptionError(PhotochromError, ValueError):
    """An option has a value that it can't have, or an argument is of the wrong type."""


class ShapeError(PhotochromError, ValueError):
    """An array has the wrong shape."""


class ColorError(PhotochromError, ValueError):
    """A color or palette can't be understood."""


class HintError(PhotochromError, ValueError):
    """A hint can't be understood, or lies outside the picture."""


class EditsError(PhotochromError):
    """A file of edits can't be read, or holds something else."""


class PictureError(PhotochromError):
    """A picture can't be read or written."""


class AlreadyColoredError(PictureError):
    """A photograph has colors already, and only gray ones were to be colorized."""


class MemoryBudgetError(PictureError):
    """A picture takes more memory than may be used."""


class PictureReadError(PictureError):
    """A file or bytes can't be read as a picture."""


class DamagedPictureError(PictureReadError):
    """A file is damaged or truncated; what can be decoded is used if damaged files are allowed."""


class PictureWriteError(PictureError):
    """A picture can't be written."""


class OutputExistsError(PictureWriteError):
    """The output is there already and may not be replaced."""


class FilmError(PhotochromError):
    """A film can't be read, colorized or written."""


class FilmReadError(FilmError):
    """A film can't be read."""


class UnsupportedFilmError(FilmReadError):
    """A film is of a kind that can't be colorized."""


class FilmWriteError(FilmError):
    """A film can't be written."""


class FilmHintsError(FilmError, ValueError):
    """The hints of a film can't be understood."""


class WorkFolderError(FilmError):
    """A work folder belongs to another order, or is in use."""


class JobError(PhotochromError):
    """The inputs and outputs of a batch don't suit each other."""


class ManifestError(PhotochromError):
    """The manifest of a batch can't be read or written."""


class StoreError(PhotochromError):
    """An object store can't be reached, or refuses."""


class ClusterError(PhotochromError):
    """A Ray cluster can't be reached, or was lost."""


class ModelError(PhotochromError):
    """A model can't be found, loaded or used."""


class ModelNotFoundError(ModelError):
    """There is no model of that name and no such file."""


class ContractError(ModelError):
    """The file is no Photochrom model, or its contract can't be understood here."""


class DeviceError(ModelError):
    """The device that a model was to run on is not there, or can't be used."""


class UnsupportedError(ModelError):
    """The model can't do what was asked of it."""


class NoAlternativeError(UnsupportedError):
    """A photograph has fewer alternatives than were asked for."""


class RecipeError(PhotochromError):
    """A training recipe has an unknown key or a wrong value."""


class DataError(PhotochromError):
    """A data set is missing, empty or unusable."""


class TrainingError(PhotochromError):
    """Training can't go on."""


class DivergedError(TrainingError):
    """The loss is no longer a finite number."""


class CheckpointError(TrainingError):
    """A checkpoint can't be written, read or resumed from."""


class MissingExtraError(PhotochromError, ImportError):
    """An optional part of the package is not installed."""


class StoppedError(PhotochromError):
    """Work was ended before its end, because nobody waits for it any more."""
