"""The examples in deploy/ ask for what there is."""

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from audit.cli import cli
from web.server import serve

DEPLOY = Path(__file__).parent.parent / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
JOB = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text("utf-8"))


def unit(name: str) -> dict[str, dict[str, str]]:
    parser = ConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / name)
    return {section: dict(parser[section]) for section in parser.sections()}


def commands() -> dict[str, list[str]]:
    """Every command line in the examples, from `comport` on."""
    cron = (DEPLOY / "comport.cron").read_text().splitlines()[-1]
    (container,) = JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    readme = re.findall(
        r"comport (batch .*|user add \w+)|compose run --rm batch (.*)", (DEPLOY / "README.md").read_text()
    )
    found = {
        "cron": shlex.split(cron.partition("bin/comport ")[2].partition(" > ")[0]),
        "systemd": shlex.split(unit("comport-batch.service")["Service"]["ExecStart"])[1:],
        "kubernetes": container["args"],
        "compose": [*COMPOSE["services"]["batch"]["entrypoint"][1:], "/recordings", "--rubric", "voice-en"],
        "web": COMPOSE["services"]["web"]["command"],
    }
    for number, (own, service) in enumerate(readme):
        said = own.split("  ")[0] if own else f"batch {service.split('  ')[0]}"
        found[f"readme-{number}"] = shlex.split(said)
    return found


@pytest.mark.parametrize("name", commands())
def test_every_option_shown_exists(name, tmp_path):
    if "serve" not in cli.commands:
        cli.add_command(serve)
    # --help comes last: click reads everything before it, and does nothing.
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), *map(str, commands()[name]), "--help"])
    assert done.exit_code == 0, done.output
    words = [w for w in commands()[name] if str(w).startswith("--")]
    assert [w for w in words if w not in done.output] == []


def test_the_batch_is_told_to_stop_and_what_its_exit_status_means():
    service = unit("comport-batch.service")["Service"]
    assert (service["KillMode"], service["SuccessExitStatus"]) == ("mixed", "130 3")
    assert unit("comport-batch.timer")["Timer"]["Persistent"] == "true"
    assert JOB["spec"]["concurrencyPolicy"] == "Forbid"


def test_workers_take_one_recording_at_a_time():
    worker = COMPOSE["services"]["worker"]["entrypoint"]
    assert worker[worker.index("--nthreads") + 1] == "1"


def test_no_password_stands_in_an_example():
    assert "${POSTGRES_PASSWORD:?" in COMPOSE["services"]["database"]["environment"]["POSTGRES_PASSWORD"]
    assert JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"][0]["valueFrom"]
