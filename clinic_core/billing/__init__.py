"""Catalogue, invoices, receipts, credit notes and the numbers on them."""
