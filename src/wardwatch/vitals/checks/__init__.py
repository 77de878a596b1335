"""In: seconds with what was derived from them. Out: episodes in which something does not fit; one check a module.

A check is a module of this folder that defines `RULE`, the rule it meets, and `CHECK`, which makes its state for one
monitor (`vitals/check.py`).
"""
