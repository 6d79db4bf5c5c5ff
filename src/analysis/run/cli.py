"""The command ``loyalty``."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import click

import analysis
from analysis.data import find_root
from analysis.errors import AnalysisError, message
from analysis.i18n import LANGUAGES, text
from analysis.run import commands
from analysis.run.batch import command
from analysis.run.batch.drive import Options
from analysis.run.execute import Place
from analysis.run.params import StructureParams, choices
from analysis.run.stub import skip_rfc3987

FIT_OPTIONS = (
    "model", "estimator", "missing", "group", "group_equal", "group_partial", "group_labels",
    "ordered", "parameterization", "weights", "cluster", "bounds", "brand", "channel", "wave",
    "likelihood", "information", "scaling",
)  # fmt: skip
INTERRUPTED = 130
MEGABYTE = 2**20
FAILED = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(analysis.__version__, prog_name="loyalty")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=None, help="Language of the output."
)
@click.option("--debug", is_flag=True, help="Show the traceback of unexpected errors.")
@click.pass_context
def loyalty(context: click.Context, language: str | None, debug: bool) -> None:
    """Evidence on customer loyalty: survey answers or a published matrix in, a cited report out."""
    context.obj = {"language": language, "debug": debug}


def _language(context: click.Context) -> str:
    return str(context.obj["language"] or "en")


@loyalty.command()
@click.argument("study")
@click.option("--notebook", "-n", "notebooks", multiple=True, metavar="NAME",
              help="Which notebook; may be repeated. Default: all of them.")  # fmt: skip
@click.option("--parameter", "-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="A parameter of the notebooks; may be repeated.")  # fmt: skip
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder of the reports. Default: reports/ of the project.")  # fmt: skip
@click.option("--timeout", type=click.IntRange(min=1), default=None, metavar="SECONDS",
              help="Longest time for one cell. Default: no limit.")  # fmt: skip
@click.pass_context
def run(
    context: click.Context,
    study: str,
    notebooks: tuple[str, ...],
    parameters: tuple[str, ...],
    output: Path | None,
    timeout: int | None,
) -> None:
    """Run a study's notebooks and write their reports."""
    root = find_root()
    plan = commands.plan(
        study, notebooks=notebooks, parameters=parameters, language=context.obj["language"]
    )
    for note in plan.notes:
        click.echo(note, err=True)
    good = commands.run_all(
        plan,
        root=root,
        reports=output.resolve() if output else root / "reports",
        timeout=timeout,
        progress=sys.stderr.isatty(),
        say=click.echo,
    )
    context.exit(0 if good else FAILED)


@loyalty.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="List what would run, run nothing.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=None, metavar="N",
              help="Runs at a time. Default: as many as processors and memory allow.")  # fmt: skip
@click.option("--timeout", type=click.IntRange(min=1), default=None, metavar="SECONDS",
              help="Longest time for one cell. Default: no limit.")  # fmt: skip
@click.option("--memory", type=click.IntRange(min=1), default=None, metavar="MB",
              help="Most memory for the data of one run. Default: no limit.")  # fmt: skip
@click.option("--retries", type=click.IntRange(min=0), default=1, show_default=True, metavar="N",
              help="Further attempts after a crash.")  # fmt: skip
@click.option("--cluster", default="", metavar="ADDRESS",
              help="Dask scheduler that takes the runs, for example tcp://host:8786.")  # fmt: skip
@click.option("--cold", is_flag=True, help="Start every kernel anew, fork none.")
@click.option("--again", is_flag=True, help="Repeat runs that are done.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder of the reports. Default: reports/ of the project.")  # fmt: skip
@click.pass_context
def batch(
    context: click.Context,
    file: Path,
    dry_run: bool,
    jobs: int | None,
    timeout: int | None,
    memory: int | None,
    retries: int,
    cluster: str,
    cold: bool,
    again: bool,
    output: Path | None,
) -> None:
    """Run all runs of a batch file that are not done yet, and write the page over all of them."""
    root, language = find_root(), _language(context)
    place = Place(root=root, reports=output.resolve() if output else root / "reports")
    plan = command.plan_batch(file, place, again=again)
    if dry_run:
        click.echo(command.describe(plan, language))
        return
    options = Options(
        jobs=jobs or 0, timeout=timeout, memory=memory * MEGABYTE if memory else None,
        retries=retries, cluster=cluster, warm=not cold, again=again, language=language,
    )  # fmt: skip
    good = command.carry_out(plan, options, lambda line: click.echo(line, err=True))
    context.exit(0 if good else FAILED)


@loyalty.command()
@click.argument("record", metavar="RUN.JSON", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--timeout", type=click.IntRange(min=1), default=None, metavar="SECONDS",
              help="Longest time for one cell. Default: no limit.")  # fmt: skip
@click.pass_context
def rerun(context: click.Context, record: Path, timeout: int | None) -> None:
    """Repeat a run from its record and compare the evidence byte for byte."""
    same = command.run_again(
        record, find_root(), timeout=timeout, language=_language(context), say=click.echo
    )
    context.exit(0 if same else FAILED)


@loyalty.command()
@click.option("--dry-run", is_flag=True, help="Name the runs, remove nothing.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder of the reports. Default: reports/ of the project.")  # fmt: skip
@click.pass_context
def prune(context: click.Context, dry_run: bool, output: Path | None) -> None:
    """Remove runs that were repeated later with other data, model or source."""
    reports = output.resolve() if output else find_root() / "reports"
    click.echo(command.remove_superseded(reports, dry=dry_run, language=_language(context)))


@loyalty.command()
@click.pass_context
def studies(context: click.Context) -> None:
    """List the studies."""
    click.echo(commands.studies(_language(context)))


@loyalty.command()
@click.argument("study")
@click.pass_context
def check(context: click.Context, study: str) -> None:
    """Check a study's codebook, data and models without running anything."""
    click.echo(commands.check(study, _language(context)))


def _choices(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of ``fit``, one for each named parameter of the structure notebook."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for name in reversed(names):
            metavar = "|".join(choices(StructureParams, name)) or "TEXT"
            option = click.option(
                f"--{name.replace('_', '-')}",
                default=None,
                metavar=metavar if len(metavar) < 30 else "NAME",
                help=text(f"notebooks.parameters.{name}"),
            )
            command = option(command)
        return command

    return decorate


@loyalty.command()
@click.argument("study", required=False)
@_choices(*FIT_OPTIONS)
@click.option("--parameter", "-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="A further parameter of 20_structure; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")
@click.option("--json-schema", is_flag=True, help="Print the JSON document's schema, fit nothing.")
@click.pass_context
def fit(
    context: click.Context,
    /,
    study: str | None,
    parameters: tuple[str, ...],
    as_json: bool,
    json_schema: bool,
    **options: str | None,
) -> None:
    """Fit one model and print its tables."""
    if json_schema:
        click.echo(commands.json_schema())
        return
    if study is None:
        raise click.UsageError("Missing argument 'STUDY'.", context)
    language = context.obj["language"]
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    given += parameters
    click.echo(commands.fit(study, parameters=given, language=language, as_json=as_json))


@loyalty.command()
@click.argument("name")
@click.option("--from", "source", required=True, metavar="FILE",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The data file: .csv, .xlsx, .sav, .dta or .parquet.")  # fmt: skip
@click.pass_context
def new(context: click.Context, name: str, source: Path) -> None:
    """Begin a study: copy the data file and draft its codebook."""
    click.echo(commands.new(name, source, root=find_root(), language=_language(context)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 a run failed, 2 bad input, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = commands.spoken_language(given)
    skip_rfc3987()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = loyalty.main(args=given, prog_name="loyalty", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except AnalysisError as error:
        _say(error.text(language))
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say(message("run.interrupted").text(language))
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except OSError as error:
        _say(message("run.disk", reason=_reason(error)).text(language))
        _trace(given)
        code = FAILED
    except Exception as error:  # noqa: BLE001  the last line of defence
        words = f"{type(error).__name__}: {error}"
        _say(message("run.unexpected", error=words).text(language))
        _trace(given)
        code = FAILED
    sys.exit(code if isinstance(code, int) else 0)


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _reason(error: OSError) -> str:
    words = error.strerror or str(error)
    return f"{words}: {error.filename}" if error.filename else words


def _trace(arguments: Sequence[str]) -> None:
    if "--debug" in arguments:
        traceback.print_exc()


def _terminated(number: int, frame: FrameType | None) -> None:
    """End as an interruption does, so that kernels and half-made folders go."""
    sys.exit(128 + number)
