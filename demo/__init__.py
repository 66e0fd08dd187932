"""Northwind, a made-up company to try Sendhouse on; not part of the product.

Nothing in Sendhouse imports this package except the command `sendhouse demo`, and nothing here
reads the warehouse. The demo talks to Sendhouse as the world does: files into the landing folder
(CRM exports, product events, what mail servers report), and `.eml` files out of the outbox, which
simulated recipients answer. Everything is made from a seed: the same bytes each run, no wall clock.

Read `company` first (what is written when), then `recipients` (who answers mail, and how).
"""
