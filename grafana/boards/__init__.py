"""What each dashboard shows, a file each: its panels row by row."""
