"""Findings that can be switched on in a virtual patient: one module each, with value, painting and words for readers.

A new finding is a module here, a line in :data:`vbqkit.anatomy.findings.registry.FINDINGS`, and a name in
``vbqkit.anatomy``.
"""
