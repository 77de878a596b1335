"""In: a rule's name. Out: its text on stdout."""

import click

from wardwatch.knowledge.catalogue import rules
from wardwatch.workflows.documents import explanation


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return [name for name in rules() if name.startswith(incomplete)]


@click.command(epilog="Example: wardwatch explain traffic.phone-home")
@click.argument("rule", required=False, shell_complete=_names)
def explain(rule: str | None) -> None:
    """Print what RULE finds, why it matters, what to do, and what looks like it but is harmless.

    Without RULE, list every rule.
    """
    if rule:
        click.echo(explanation(rule))
        return
    width = max(map(len, rules()))
    for name, text in sorted(rules().items()):
        click.echo(f"{name:{width}}  {text.title}")
