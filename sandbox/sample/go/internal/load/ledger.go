package load

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Cell counts the responses of one version and status, with the monotonic instants, in seconds, at which
// the first and the last of them ended.
type Cell struct {
	Count int     `json:"n"`
	First float64 `json:"first"`
	Last  float64 `json:"last"`
}

// Latency of successful responses in milliseconds, from the instant a request was due: a server that
// stalls also delays the requests behind it.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

type counts map[string]map[string]*Cell // by version and status

// Record kinds, one JSON object a line: "start", then "interval" and "failure" mixed, at the end "total".
type intervalRecord struct {
	Kind      string             `json:"kind"`
	From      float64            `json:"from"`
	To        float64            `json:"to"`
	Wall      float64            `json:"wall"`
	Sent      int                `json:"sent"`
	InFlight  int                `json:"inFlight"`
	LateMs    float64            `json:"lateMs"` // how late the latest request was sent: an overloaded machine
	Responses counts             `json:"responses"`
	LatencyMs map[string]Latency `json:"latencyMs"`
}

type failureRecord struct {
	Kind    string  `json:"kind"`
	At      float64 `json:"at"`
	Sent    float64 `json:"sent"`
	Wall    float64 `json:"wall"`
	Version string  `json:"version"`
	Status  string  `json:"status"`
	Client  string  `json:"client,omitempty"`
	Detail  string  `json:"detail,omitempty"`
}

type totalRecord struct {
	Kind       string  `json:"kind"`
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Wall       float64 `json:"wall"`
	Sent       int     `json:"sent"`
	Responses  counts  `json:"responses"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

type startRecord struct {
	Kind        string  `json:"kind"`
	At          float64 `json:"at"`
	Wall        float64 `json:"wall"`
	URL         string  `json:"url"`
	Host        string  `json:"host,omitempty"`
	Rate        float64 `json:"rate"`
	Concurrency int     `json:"concurrency"`
}

// ledger counts results and writes the records. A failure is written when it happens, the counts once an
// interval and, as a sum, at the end. The first write error is kept for the caller.
type ledger struct {
	mutex    sync.Mutex
	out      *json.Encoder
	clock    clock
	err      error
	started  time.Time
	since    time.Time
	sent     int
	sentNow  int
	answered int
	late     time.Duration
	total    counts
	interval counts
	latency  map[string][]float64
}

func newLedger(out io.Writer, clock clock) *ledger {
	now := time.Now()
	return &ledger{
		out: json.NewEncoder(out), clock: clock, started: now, since: now,
		total: counts{}, interval: counts{}, latency: map[string][]float64{},
	}
}

func (l *ledger) start(options Options) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.write(startRecord{
		Kind: "start", At: l.clock.seconds(l.started), Wall: wall(l.started), URL: options.URL,
		Host: options.Host, Rate: options.Rate, Concurrency: options.Concurrency,
	})
}

// sending notes a request that goes out now and was due at the given time.
func (l *ledger) sending(due, now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sent++
	l.sentNow++
	l.late = max(l.late, now.Sub(due))
}

// ended counts a result of a request that was due at the given time.
func (l *ledger) ended(r result, due time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if r.status != StatusSkipped {
		l.answered++
	}
	at := l.clock.seconds(r.ended)
	l.total.add(r.version, r.status, at)
	l.interval.add(r.version, r.status, at)
	if !r.failed() {
		l.latency[r.version] = append(l.latency[r.version], milliseconds(r.ended.Sub(due)))
		return
	}
	l.write(failureRecord{
		Kind: "failure", At: at, Sent: l.clock.seconds(r.sent), Wall: wall(r.ended),
		Version: r.version, Status: r.status, Client: r.client, Detail: r.detail,
	})
}

// flush writes the counts since the last flush.
func (l *ledger) flush() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	l.write(intervalRecord{
		Kind: "interval", From: l.clock.seconds(l.since), To: l.clock.seconds(now), Wall: wall(now),
		Sent: l.sentNow, InFlight: l.sent - l.answered, LateMs: milliseconds(l.late),
		Responses: l.interval, LatencyMs: summaries(l.latency),
	})
	l.since, l.sentNow, l.late, l.interval = now, 0, 0, counts{}
	clear(l.latency)
}

func (l *ledger) finish() error {
	l.flush()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	l.write(totalRecord{
		Kind: "total", From: l.clock.seconds(l.started), To: l.clock.seconds(now), Wall: wall(now),
		Sent: l.sent, Responses: l.total, CPUSeconds: cpuSeconds(),
	})
	return l.err
}

func (l *ledger) write(record any) {
	if err := l.out.Encode(record); err != nil && l.err == nil {
		l.err = err
	}
}

func (c counts) add(version, status string, at float64) {
	if c[version] == nil {
		c[version] = map[string]*Cell{}
	}
	cell := c[version][status]
	if cell == nil {
		cell = &Cell{First: at, Last: at}
		c[version][status] = cell
	}
	cell.Count++
	cell.First, cell.Last = min(cell.First, at), max(cell.Last, at)
}

func summaries(latency map[string][]float64) map[string]Latency {
	summary := map[string]Latency{}
	for version, values := range latency {
		slices.Sort(values)
		last := len(values) - 1
		summary[version] = Latency{P50: values[last/2], P99: values[last*99/100], Max: values[last]}
	}
	return summary
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond).Microseconds()) / 1000
}

func wall(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return -1
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
