package cli

// watchSignals are none: Windows has no signals that a program could take up a change by.
func watchSignals() []namedSignal { return nil }
