"""What tests that export share: torch's exporter, without what slows it down."""

import contextlib
import sys

import pytest


@contextlib.contextmanager
def untraced_exporter():
    """Let torch's exporter run without coverage's tracer, which doubles its time.

    What of Photochrom calls it is still traced; what it calls, the modules' `forward`, isn't.
    """
    import torch

    export = torch.onnx.export

    def untraced(*arguments, **options):
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return export(*arguments, **options)
        finally:
            sys.settrace(tracer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.onnx, "export", untraced)
        yield
