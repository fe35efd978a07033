package editor

import (
	"os"
	"os/signal"
)

// signalWatch receives the signals that would end this process.
type signalWatch struct{ c chan os.Signal }

// watchSignals leaves alone what is ignored already, as SIGHUP under nohup is:
// the editor inherits that.
func watchSignals() *signalWatch {
	w := &signalWatch{c: make(chan os.Signal, 8)}
	for _, sig := range watched() {
		if !signal.Ignored(sig) {
			signal.Notify(w.c, sig)
		}
	}
	return w
}

func (w *signalWatch) stop() { signal.Stop(w.c) }

// pending is a signal to end that nobody has acted on yet, or nil.
func (w *signalWatch) pending() os.Signal {
	for {
		select {
		case sig := <-w.c:
			if !fromKeyboard(sig) {
				return sig
			}
		default:
			return nil
		}
	}
}

// dropInterrupts forgets the interrupts that were meant for the editor.
func (w *signalWatch) dropInterrupts() {
	if sig := w.pending(); sig != nil {
		select {
		case w.c <- sig:
		default: // full of others that say the same
		}
	}
}
