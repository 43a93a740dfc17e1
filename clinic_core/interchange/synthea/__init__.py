"""Synthea's native CSV files as records of a clinic: patients, appointments, visits, invoices and payments."""

from clinic_core.interchange.synthea.importer import ImportSynthea, import_synthea
from clinic_core.interchange.synthea.report import FlaggedRow, ImportReport

__all__ = ["FlaggedRow", "ImportReport", "ImportSynthea", "import_synthea"]
