"""The rates of renewal (续费率) R1–R7, side by side.

formulas   the seven formulas on plain values, periods, and what the trade holds to be good
scope      whose children are counted
sets       which of them a rate counts, as querysets
report     the rates of a period with the sets behind them
children   the names in a list, and why a child is not in a numerator
words, forms, views, workbook   the pages
"""
