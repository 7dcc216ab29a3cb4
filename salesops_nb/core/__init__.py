"""What every room rests on: frames, money, periods, the words of messages, statistics, stopping."""
