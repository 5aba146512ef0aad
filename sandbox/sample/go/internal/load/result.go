package load

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// Statuses of requests that got no complete response. Every other status is an HTTP status code.
const (
	StatusTimeout = "timeout"  // no complete response in time
	StatusRefused = "refused"  // no connection
	StatusReset   = "reset"    // the connection was closed or reset before the response
	StatusBroken  = "broken"   // a response whose body did not arrive whole
	StatusSkipped = "not-sent" // too many requests in flight
	StatusOther   = "error"    // anything else
)

// NoVersion stands for the version of what did not come from the service: a proxy's own answer, no answer.
const NoVersion = "none"

// result is what became of one request.
type result struct {
	version string
	status  string
	client  string
	detail  string
	sent    time.Time
	ended   time.Time
}

// failed holds for everything but a 2xx or 3xx response.
func (r result) failed() bool {
	return len(r.status) != 3 || (r.status[0] != '2' && r.status[0] != '3')
}

func classify(err error) string {
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return StatusTimeout
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return StatusRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return StatusReset
	default:
		return StatusOther
	}
}
