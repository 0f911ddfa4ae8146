"""Parsers of what stands on command lines."""

import argparse
import ast


def names_of(known):
    """Make a parser of comma-separated names.

    Parameters
    ----------
    known : collection of str
        What may be named.

    Returns
    -------
    callable
    """

    def parse(text):
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(
                f"{unknown[0]!r} is not one of {', '.join(known)}"
            )
        return names

    return parse


def override(text):
    """Parse ``name=value``; a value that is no Python literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def add_parts(parser, parts):
    """Add the option that leaves parts of a benchmark out.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    parts : iterable of str
    """
    parser.add_argument(
        "--parts",
        type=names_of(parts),
        default=list(parts),
        metavar="NAME,NAME",
        help=f"some of {','.join(parts)}",
    )


def add_settings(parser, whose):
    """Add the option that sets parameters.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    whose : str
        What has these parameters, for the help.
    """
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        type=override,
        default=[],
        metavar="NAME=VALUE",
        help=f"parameters of {whose}",
    )
