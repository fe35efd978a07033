package child

import (
	"os"
	"os/signal"
	"syscall"
)

// notify keeps this process alive at Ctrl+C, which the console gives to the
// program too, and when the console closes.
func notify(c chan os.Signal) {
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
}

func forward(os.Signal, *os.Process, Command, *streams) {}
