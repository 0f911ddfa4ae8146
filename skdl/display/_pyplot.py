"""matplotlib, imported when a figure is drawn."""


def pyplot_for(caller):
    """``matplotlib.pyplot``, or how to get it.

    Parameters
    ----------
    caller : str
        What needs it, for the message.

    Returns
    -------
    module
        ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed. Run pip install "
            '"skdl[plots]".'
        ) from error
    return plt
