"""Northwind, an invented company for trying Sendhouse; not part of the product.

Only the command `sendhouse demo` imports this package, and the package never reads the warehouse.
The demo uses the same interfaces as real systems. It writes files into the landing folder (CRM
exports, product events, reports of mail servers), and simulated recipients answer the `.eml` files
of the outbox. A seed determines all data: each run gives the same bytes, without a wall clock.

Read `company` first (the files and their times), then `recipients` (the answers to mail).
"""
