"""Statements of WeChat Pay, Alipay and banks: read from a table's rows, and matched with our books.

Plain functions without a database. "Statement" alone is the family's account statement elsewhere in this project.
"""
