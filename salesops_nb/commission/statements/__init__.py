"""What a person is shown: lines in words, the path from quota to pay, unusual lines."""
