package load

import (
	"context"
	"io"
	"math"
	"strconv"
	"sync"
	"time"
)

// runner sends the requests. The load is open: a request is due at a fixed instant, however slow the
// server is, so that a stall shows as the many requests that it hits and not as a lower rate.
type runner struct {
	options Options
	message message
	clients population
	jar     *jar // nil: cookies are not kept
	ledger  *ledger
	jobs    chan job
	workers int
	pending sync.WaitGroup
}

type job struct {
	due    time.Time
	client string
}

// Run sends until the options' bounds are reached or ctx ends, then lets the requests in flight finish and
// writes the total. The options must be complete. The error is that of writing the records.
func Run(ctx context.Context, options Options, out io.Writer) error {
	clock, err := newClock()
	if err != nil {
		return err
	}
	message, err := newMessage(options)
	if err != nil {
		return err
	}
	r := &runner{
		options: options, message: message, ledger: newLedger(out, clock), jobs: make(chan job),
		clients: newPopulation(options.Clients, options.ClientSkew),
	}
	if options.KeepCookies {
		r.jar = newJar()
	}
	r.ledger.start(options)
	stopFlushing := r.flushRegularly()
	r.pace(ctx)
	close(r.jobs)
	r.pending.Wait()
	stopFlushing()
	return r.ledger.finish()
}

// pace launches the requests that are due in groups: each wake-up of the process costs about as much as
// a request. A group holds what is due within options.Group and goes out at its beginning.
func (r *runner) pace(ctx context.Context) {
	began := time.Now()
	for number := range r.count() {
		offset := time.Duration(float64(number) / r.options.Rate * float64(time.Second))
		due := began.Add(offset.Truncate(r.options.Group))
		if !sleepUntil(ctx, due) {
			return
		}
		r.launch(job{due: due, client: r.clients.client(number)})
	}
}

// count is how many requests the bounds allow.
func (r *runner) count() int {
	count := int(math.Ceil(r.options.Rate * r.options.Duration.Seconds()))
	if r.options.Count > 0 {
		count = min(count, r.options.Count)
	}
	return count
}

func sleepUntil(ctx context.Context, due time.Time) bool {
	if left := time.Until(due); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}

// launch hands the job to a waiting worker or to a new one. With as many workers as allowed, all busy, the
// request is not sent, and counted as such.
func (r *runner) launch(next job) {
	select {
	case r.jobs <- next:
		return
	default:
	}
	if r.workers == r.options.Concurrency {
		now := time.Now()
		r.ledger.ended(result{version: NoVersion, status: StatusSkipped, client: next.client, sent: now, ended: now}, next.due)
		return
	}
	r.workers++
	r.pending.Add(1)
	go r.work(next)
}

// work is one client with one kept-alive connection. It ends when there are no more jobs.
func (r *runner) work(next job) {
	defer r.pending.Done()
	conn := &connection{address: r.message.address, timeout: r.options.Timeout}
	defer conn.close()
	var buffer []byte
	for more := true; more; next, more = <-r.jobs {
		buffer = r.message.bytes(buffer[:0], next.client, r.cookies(next.client))
		r.ledger.sending(next.due, time.Now())
		r.ledger.ended(r.send(conn, buffer, next.client), next.due)
	}
}

func (r *runner) send(conn *connection, request []byte, client string) result {
	outcome := result{version: NoVersion, client: client, sent: time.Now()}
	response, body, err := conn.exchange(request, r.message.request)
	outcome.ended = time.Now()
	switch {
	case err != nil:
		outcome.status, outcome.detail = classify(err), err.Error()
		return outcome
	case body != nil && classify(body) == StatusTimeout:
		outcome.status, outcome.detail = StatusTimeout, body.Error()
	case body != nil:
		outcome.status, outcome.detail = StatusBroken, body.Error()
	default:
		outcome.status = strconv.Itoa(response.StatusCode)
	}
	outcome.version = version(response)
	if r.jar != nil {
		r.jar.keep(client, response.Cookies())
	}
	return outcome
}

func (r *runner) cookies(client string) string {
	if r.jar == nil {
		return ""
	}
	return r.jar.header(client)
}

func (r *runner) flushRegularly() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(r.options.Every)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				r.ledger.flush()
			}
		}
	}()
	return func() { close(ended); <-done }
}
