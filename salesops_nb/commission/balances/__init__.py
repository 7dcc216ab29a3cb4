"""What a person and the company owe each other from period to period: draws, pay below zero, and exits."""
