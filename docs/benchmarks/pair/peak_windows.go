package main

import "os"

// peakMiB is not told by this system.
func peakMiB(*os.ProcessState) float64 { return 0 }
