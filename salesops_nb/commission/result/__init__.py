"""What a calculation hands out: lines, attainment, what is withheld, the reconciliation, reasons."""
