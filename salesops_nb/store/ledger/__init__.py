"""What was calculated for whom, who approved it, and what was paid; no line is rewritten."""
