"""What the stages are made of: functions from values to values, and the reading and writing of files."""
