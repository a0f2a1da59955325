"""What every floor shares: errors, times, live push. Knows none of the floors above."""
