"""Measurements against a floor, each in the same run on the same machine: ratios count, milliseconds do not.

`clinic bench NAME` runs them on a server of their own, made for the purpose and thrown away.
"""
