"""What of the earned pay is payable in the period: release, clawback, draws, limits, currency."""
