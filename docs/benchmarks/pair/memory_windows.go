package main

import "os"

// memoryOf is not told by this system.
func memoryOf(*os.ProcessState) (peak, faults float64) { return 0, 0 }
