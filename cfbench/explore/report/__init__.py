"""A run told on one page, HTML or Markdown, with its pictures and settings inside: to keep, to print, to send.

`contents` puts it together: what `about_run` and `about_model` tell of a `subject`, in `blocks`, is written by `html`
or `markdown`. `pictures` are drawn with `axes` and `marks`.
"""

from cfbench.explore.report.contents import Form, report

__all__ = ["Form", "report"]
