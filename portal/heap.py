"""What a process loaded for good is left out of the garbage collector's walks.

A full collection looks at every object. With the libraries, the word lists and the addresses of
this portal that is 0.2 s in which a process answers nobody, at a random moment of its day.
"""

import gc


def settle() -> None:
    """Collect once, and never look at what is left again. To be called when all is loaded."""
    gc.collect()
    gc.freeze()
