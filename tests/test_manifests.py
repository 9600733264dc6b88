"""The manifests of docs/guides/many-machines.md: well-formed, and their commands exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import typer

from photochrom.cli.main import app

yaml = pytest.importorskip("yaml")

PAGE = (Path(__file__).parent.parent / "docs/guides/many-machines.md").read_text(encoding="utf-8")
MEGABYTES = {"Mi": 1, "Gi": 1024}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def documents():
    return [one for block in blocks("yaml") for one in yaml.safe_load_all(block)]


def of_kind(kind):
    (found,) = (one for one in documents() if one["kind"] == kind)
    return found


def container_of(document):
    (found,) = document["spec"]["template"]["spec"]["containers"]
    return found


def parsed(words):
    """What the command line makes of `photochrom WORDS`."""
    name, command, *arguments = words
    assert name == "photochrom"
    commands = typer.main.get_command(app).commands
    return commands[command].make_context(command, arguments).params


def mb(quantity):
    number, unit = re.fullmatch(r"(\d+)(\wi)", quantity).groups()
    return int(number) * MEGABYTES[unit]


def test_each_document_says_what_it_is():
    assert [one["kind"] for one in documents()] == ["Job", "Deployment", "Service"]
    for one in documents():
        assert {"apiVersion", "kind", "metadata", "spec"} == set(one)


def test_the_indexed_job_has_a_pod_for_each_shard():
    job = of_kind("Job")["spec"]
    container = container_of(of_kind("Job"))
    words = [word.replace("$(JOB_COMPLETION_INDEX)", "3") for word in container["args"]]
    given = parsed([*container["command"], *words])
    assert job["completionMode"] == "Indexed"
    assert given["shard"] == f"3/{job['completions']}"
    assert given["resume"]
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # as backoffLimitPerIndex wants
    assert mb(container["resources"]["limits"]["memory"]) >= 4096


def test_the_server_has_probes_and_limits_that_suit_its_budget():
    deployment, service = of_kind("Deployment"), of_kind("Service")
    container = container_of(deployment)
    given = parsed(container["args"])
    (port,) = (one["containerPort"] for one in container["ports"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": port}
    assert given["port"] == port
    limit = mb(container["resources"]["limits"]["memory"])
    assert given["max_memory_mb"] + 500 <= limit  # the model and Python
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == deployment["spec"]["selector"]["matchLabels"]
    assert [one["targetPort"] for one in service["spec"]["ports"]] == [port]
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in deployment["spec"]["template"]["spec"]["volumes"]}


def test_the_cloud_job_is_what_its_service_accepts():
    session = pytest.importorskip("botocore.session").get_session()
    from botocore.validate import validate_parameters

    (definition,) = map(json.loads, blocks("json"))
    operation = session.get_service_model("batch").operation_model("RegisterJobDefinition")
    validate_parameters(definition, operation.input_shape)
    line = definition["containerProperties"]["command"][-1]
    given = parsed(line.replace("$AWS_BATCH_JOB_ARRAY_INDEX", "15").split())
    assert given["shard"] == "15/16"
    (submit,) = (block for block in blocks("bash") if "submit-job" in block)
    assert "size=16" in submit


def test_the_slurm_script_runs_as_far_as_it_can(tmp_path):
    """With an srun that prints its command."""
    (script,) = (block for block in blocks("bash") if "#SBATCH" in block)
    (tmp_path / "srun").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    ran = subprocess.run(
        ["bash", "-euc", script],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "SLURM_ARRAY_TASK_ID": "7",
            "SLURM_ARRAY_TASK_COUNT": "16",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert parsed(ran.stdout.splitlines())["shard"] == "7/16"
    assert "--array=0-15" in script
