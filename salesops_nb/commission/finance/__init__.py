"""What finance needs of the lines: payroll file, accrual, amortisation, comparison with earlier lines."""
