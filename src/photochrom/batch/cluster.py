"""A batch on a Ray cluster: Ray Data hands out blocks of tasks to actors that hold a model each.

An actor that dies is started again and its block repeated, a few times; what the block had finished
is found to be there (`photochrom.batch.remote`). Ray is told not to report its usage before it is
imported.
"""

from __future__ import annotations

import inspect
import logging
import os
import pickle
import tempfile
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from photochrom.batch.objects import ObjectTask
from photochrom.batch.parts import Parts
from photochrom.batch.remote import ObjectOutcome, Worker, in_threads
from photochrom.errors import Advice, ClusterError, JobError, MissingExtraError
from photochrom.models.weights import FOLDER, find_model
from photochrom.pictures.stores import Address
from photochrom.runtime.asked import Reference
from photochrom.runtime.cores import usable_cores
from photochrom.runtime.memory import Budget, usual_bytes
from photochrom.runtime.options import Options

LOCAL = "local"
"""The address of a cluster that is started for this batch alone, on this machine."""

BLOCK = 64
"""Tasks in a block: what is repeated when an actor dies."""

_AT_ONCE = 2
"""Photographs that an actor has in work: one waits for its store while the other computes."""


_RETRIES = 4
"""How often a block is begun again: one whose photographs kill their actor must come to an end."""


_LEAST_BYTES = 1_000_000_000
"""For the photographs of an actor; where there is less, there are too many actors."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where the actors run, and how many."""

    address: str = LOCAL
    """`LOCAL`, "auto" for one that runs here, or HOST:PORT."""
    actors: tuple[int, int] | None = None
    """The least and the most; by default from 1 to as many as there are cores or GPUs."""
    block: int = BLOCK


@dataclass(frozen=True, kw_only=True)
class Team:
    """What every actor is told: plain values."""

    manifest: Address
    options: Options
    model: str | None = None
    like: str | None = None
    device: str = "cpu"
    reference: Reference | None = None
    memory_bytes: int | None = None
    """For the photographs that one actor has in work; None: its share of its machine's."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The model's own file and its descriptor, by their names, where it doesn't ship: other
    machines needn't have them."""

    @classmethod
    def of(
        cls,
        model: str | None,
        *,
        like: str | None,
        device: str,
        reference: Reference | None,
        manifest: Address,
        options: Options,
        memory_bytes: int | None = None,
    ) -> Team:
        """What actors are told of a model that is opened by these values on this machine.

        Raises
        ------
        ModelNotFoundError, ModelError
            As for `weights.find_model`.
        """
        path = find_model(model)
        files: dict[str, bytes] = {}
        if path.parent != FOLDER:
            beside = path.with_suffix(".toml")
            files = {one.name: one.read_bytes() for one in (path, beside) if one.is_file()}
            model = path.name
        return cls(
            manifest=manifest,
            options=options,
            model=model,
            like=like,
            device=device,
            reference=reference,
            memory_bytes=memory_bytes,
            files=files,
        )


def parse_actors(text: str) -> tuple[int, int]:
    """Read "MIN..MAX", or one number for both.

    Raises
    ------
    JobError
        It is neither.
    """
    low, _, high = text.partition("..")
    try:
        least, most = int(low), int(high or low)
    except ValueError:
        least, most = 0, 0
    if not 1 <= least <= most:
        raise JobError(f"'{text}' is not a number of actors; expected MIN..MAX, such as 1..8.")
    return least, most


class Actor:
    """A process of the cluster, with a model of its own.

    Parameters
    ----------
    team : what all are told
    most : how many of them there may be on this machine
    """

    def __init__(self, team: Team, most: int) -> None:
        import pyvips

        from photochrom.runtime.colorizer import Colorizer

        pyvips.concurrency_set(1)
        with tempfile.TemporaryDirectory(prefix="photochrom-") as folder:
            for name, content in team.files.items():
                Path(folder, name).write_bytes(content)
            model = str(Path(folder, str(team.model))) if team.files else team.model
            colorizer = Colorizer(model, like=team.like, threads=1, device=team.device)
        share = max(_LEAST_BYTES, usual_bytes() // max(1, min(most, usable_cores())))
        self._worker = Worker(
            colorizer=colorizer,
            options=team.options,
            reference=team.reference,
            budget=Budget(team.memory_bytes or share),
        )
        self._manifest = team.manifest

    def __call__(self, table: Any) -> Any:
        """Do a block; what it did is written down before it is given back."""
        import pyarrow

        tasks = [ObjectTask(**row) for row in table.to_pylist()]
        with Parts(self._manifest) as written:
            outcomes = list(in_threads(tasks, self._worker.do, workers=_AT_ONCE))
            for outcome in outcomes:
                written.append(outcome.record)
        return pyarrow.table({"outcome": [pickle.dumps(outcome) for outcome in outcomes]})


def run(
    tasks: Iterable[ObjectTask], team: Team, cluster: Cluster
) -> Generator[ObjectOutcome, None, None]:
    """Do tasks on a cluster; all are listed before the first is begun, and kept in its memory.

    Parameters
    ----------
    tasks : from `objects.sort_out`
    team : what the actors are told
    cluster : where they run

    Yields
    ------
    Outcomes in the order in which blocks are done

    Raises
    ------
    MissingExtraError
        The ray extra is not installed.
    ClusterError
        The cluster can't be reached or was lost, or has no GPU for the device; or actors have
        failed, as where the manifest can't be written, or the same block has killed them again and
        again. One that is killed is else no failure: it begins again.
    """
    ray = _import(cluster.address)
    with _said(ray), _session(ray, cluster):
        _quiet(ray)
        count, references = 0, []
        for block in _blocks(tasks, cluster.block):
            count += block.num_rows
            references.append(ray.put(block))
        if not references:
            return
        gpus = _gpus(ray, cluster, team.device)
        size = _size(ray, cluster, gpus, len(references))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
            done = ray.data.from_arrow_refs(references).map_batches(
                Actor,
                batch_size=cluster.block,
                batch_format="pyarrow",
                fn_constructor_args=(team, size["max_size"]),
                compute=ray.data.ActorPoolStrategy(**size),
                num_cpus=1,
                num_gpus=gpus,
                **_retries(ray),
            )
        for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
            for outcome in batch.column("outcome").to_pylist():
                count -= 1
                yield pickle.loads(outcome)
    if count:
        raise ClusterError(
            f"{count} photographs were not done, as the actors that had them in work failed. Look "
            "into the cluster's logs.",
            advice=[Advice.RESUME],
        )


def _import(address: str) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == LOCAL:  # keep to the loopback, on Linux too
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what it will be; no warning
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Clusters need the ray extra: pip install 'photochrom[ray]'"
        ) from error
    return ray


def _gpus(ray: Any, cluster: Cluster, device: str) -> int:
    """How many GPUs each actor has to itself."""
    there = ray.cluster_resources().get("GPU", 0) >= 1
    if device == "cuda" and not there:
        raise ClusterError(
            f"The Ray cluster '{cluster.address}' has no GPU, and the device is 'cuda'. Add a "
            "machine with a GPU to it, or choose another device."
        )
    return int(there and device in ("cuda", "auto"))


def _retries(ray: Any) -> dict[str, int]:
    """How often Ray begins a block again, where it can be told: it means to drop this in 2.64."""
    known = inspect.signature(ray.data.Dataset.map_batches).parameters
    can = not known.keys().isdisjoint(("max_task_retries", "ray_remote_args"))
    return {"max_task_retries": _RETRIES} if can else {}


def _size(ray: Any, cluster: Cluster, gpus: int, blocks: int) -> dict[str, int]:
    least, most = cluster.actors or (1, 0)
    if not most:
        most = int(ray.cluster_resources().get("GPU" if gpus else "CPU", 1))
    most = max(1, min(most, blocks))
    return {"min_size": min(least, most), "max_size": most}


def _quiet(ray: Any) -> None:
    """The command line has a progress bar of its own; and one bad block is no bad batch."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.max_errored_blocks = -1


def _blocks(tasks: Iterable[ObjectTask], size: int) -> Iterator[Any]:
    import pyarrow

    queue = iter(tasks)
    while block := [asdict(task) for task in islice(queue, size)]:
        yield pyarrow.Table.from_pylist(block)


@contextmanager
def _session(ray: Any, cluster: Cluster) -> Iterator[None]:
    """Connect, and let go again; a cluster of our own ends with it."""
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if cluster.address == LOCAL:
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")  # a busy machine needs longer
        settings |= {"num_cpus": usable_cores(), "include_dashboard": False}
    try:
        with _without_dashboard() if cluster.address == LOCAL else nullcontext():
            ray.init(cluster.address, **settings)
    except ray.exceptions.RayError:
        raise
    except Exception as error:  # Ray raises plain exceptions where a part of it doesn't start
        raise ClusterError(
            f"The Ray cluster '{cluster.address}' can't be started or reached: {error}"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _without_dashboard() -> Iterator[None]:
    """Leave out a process of a local cluster that nothing here needs.

    Even without its dashboard, and with reports turned off, it asks the cloud's metadata service,
    by name and by address, whose machine this is (Ray 2.58, usage_stats_head.py).
    """
    from ray._private import services

    start = getattr(services, "start_api_server", None)
    if start is not None:
        setattr(services, "start_api_server", lambda *_, **__: ("", None))  # noqa: B010
    try:
        yield
    finally:
        if start is not None:
            setattr(services, "start_api_server", start)  # noqa: B010


@contextmanager
def _said(ray: Any) -> Iterator[None]:
    """Turn Ray's errors into ours."""
    try:
        yield
    except (ray.exceptions.RayError, ConnectionError) as error:
        words = str(error).strip().partition("\n")[0]
        raise ClusterError(
            f"The Ray cluster can't be reached, or was lost: {words}", advice=[Advice.RESUME]
        ) from error
