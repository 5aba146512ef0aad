package service

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// metrics are the counters behind /metrics. A request costs a few atomic additions and no allocation.
type metrics struct {
	succeeded atomic.Uint64
	failed    atomic.Uint64
	completed atomic.Uint64
	inFlight  atomic.Int64
}

func (m *metrics) count(result outcome) {
	if result.failed {
		m.failed.Add(1)
	} else {
		m.succeeded.Add(1)
	}
	if result.completed {
		m.completed.Add(1)
	}
}

// write prints the Prometheus text format, version 0.0.4.
func (m *metrics) write(to io.Writer, version string, started time.Time) error {
	_, err := fmt.Fprintf(to, `# HELP sample_requests_total Requests answered, by status code.
# TYPE sample_requests_total counter
sample_requests_total{version=%[1]q,code="200"} %[2]d
sample_requests_total{version=%[1]q,code="500"} %[3]d
# HELP checkout_completed_total Purchases completed.
# TYPE checkout_completed_total counter
checkout_completed_total{version=%[1]q} %[4]d
# HELP sample_requests_in_flight Requests being answered.
# TYPE sample_requests_in_flight gauge
sample_requests_in_flight{version=%[1]q} %[5]d
# HELP process_start_time_seconds Start of the process, in seconds since the epoch.
# TYPE process_start_time_seconds gauge
process_start_time_seconds %.3[6]f
`, version, m.succeeded.Load(), m.failed.Load(), m.completed.Load(), m.inFlight.Load(),
		float64(started.UnixMilli())/1000)
	return err
}
