"""The way in: files of one's own looked at, what they hold proposed, the workbook's settings written."""
