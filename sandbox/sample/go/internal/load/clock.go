package load

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

const clockMonotonic = 1

// clock gives instants as seconds of the system-wide CLOCK_MONOTONIC, so that another process can compare
// them with its own. Go keeps the same clock inside time.Time but does not show its origin.
type clock struct {
	base   time.Time
	offset time.Duration
}

func newClock() (clock, error) {
	var now syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		return clock{}, fmt.Errorf("clock_gettime: %w", errno)
	}
	return clock{base: time.Now(), offset: time.Duration(now.Nano())}, nil
}

func (c clock) seconds(at time.Time) float64 {
	return (c.offset + at.Sub(c.base)).Round(time.Microsecond).Seconds()
}
