"""Tables and pictures of a fit, its page, and the case studies of the library.

The room may be called: ``pkqsp_bayes.report(fit, folder)`` is
`pkqsp_bayes.report.page.write_report`. A package has one attribute of a name, and this one is both
a room and a verb.
"""

import sys
from types import ModuleType
from typing import Any

__all__ = ["report"]


class _Room(ModuleType):
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from pkqsp_bayes.report.page import write_report

        return write_report(*arguments, **named)


report = sys.modules[__name__]
report.__class__ = _Room
