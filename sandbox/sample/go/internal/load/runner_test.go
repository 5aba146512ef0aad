package load

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type records struct {
	kinds    []string
	failures []failureRecord
	sums     counts
	total    totalRecord
}

func (r records) count(version, status string) int {
	if cell := r.total.Responses[version][status]; cell != nil {
		return cell.Count
	}
	return 0
}

func parse(t *testing.T, text []byte) records {
	t.Helper()
	parsed := records{sums: counts{}}
	for line := range bytes.Lines(text) {
		var interval intervalRecord
		var failure failureRecord
		var kind struct{ Kind string }
		if err := json.Unmarshal(line, &kind); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		parsed.kinds = append(parsed.kinds, kind.Kind)
		var err error
		switch kind.Kind {
		case "failure":
			err = json.Unmarshal(line, &failure)
			parsed.failures = append(parsed.failures, failure)
		case "interval":
			err = json.Unmarshal(line, &interval)
			for version, statuses := range interval.Responses {
				for status, cell := range statuses {
					for range cell.Count {
						parsed.sums.add(version, status, cell.Last)
					}
				}
			}
		case "total":
			err = json.Unmarshal(line, &parsed.total)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return parsed
}

func runAgainst(t *testing.T, ctx context.Context, handler http.HandlerFunc, change func(*Options)) records {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	return runTo(t, ctx, server.URL, change)
}

func runTo(t *testing.T, ctx context.Context, url string, change func(*Options)) records {
	t.Helper()
	o := options(url)
	change(&o)
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Run(ctx, o, &out); err != nil {
		t.Fatal(err)
	}
	return parse(t, out.Bytes())
}

func TestEveryResponseIsCountedByVersionAndStatus(t *testing.T) {
	var n atomic.Int32
	got := runAgainst(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.WriteHeader(503) // as a proxy would, without a version
		case 1:
			w.Header().Set(versionHeader, "v2")
			w.WriteHeader(500)
		default:
			w.Header().Set(versionHeader, "v1")
		}
	}, func(o *Options) { o.Count = 40 })
	if got.count("v1", "200") != 20 || got.count("v2", "500") != 10 || got.count(NoVersion, "503") != 10 {
		t.Errorf("total: %+v", got.total)
	}
	if got.sums["v1"]["200"].Count != 20 || got.sums["v2"]["500"].Count != 10 {
		t.Error("the intervals must add up to the total")
	}
	if got.total.Sent != 40 || len(got.failures) != 20 {
		t.Errorf("sent %d, failure records %d", got.total.Sent, len(got.failures))
	}
	if got.kinds[0] != "start" || got.kinds[len(got.kinds)-1] != "total" {
		t.Errorf("records %v", got.kinds)
	}
	if first := got.failures[0]; first.At <= 0 || first.At < first.Sent || first.Wall < 1.7e9 {
		t.Errorf("instants of a failure: %+v", first)
	}
}

func TestTheRateHoldsWhenTheServerIsSlow(t *testing.T) {
	got := runAgainst(t, t.Context(), func(http.ResponseWriter, *http.Request) {
		time.Sleep(100 * time.Millisecond) // a client that waited for each answer would send 5
	}, func(o *Options) { o.Duration = 500 * time.Millisecond })
	if got.total.Sent != 100 || got.count(NoVersion, "200") != 100 {
		t.Errorf("sent %d, %+v", got.total.Sent, got.total.Responses)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	got := runTo(t, t.Context(), server.URL, func(o *Options) { o.Count, o.Group = 100, 10*time.Millisecond })
	if got.count(NoVersion, "200") != 100 || opened.Load() > 20 {
		t.Errorf("%d connections for %+v", opened.Load(), got.total.Responses)
	}
}

func TestAConnectionClosedUnderARequestIsALossAndNotRepeated(t *testing.T) {
	var served atomic.Int32
	got := runAgainst(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1)%2 == 0 {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}
	}, func(o *Options) { o.Count = 20 })
	if served.Load() != 20 || got.count(NoVersion, "200") != 10 || got.count(NoVersion, StatusReset) != 10 {
		t.Errorf("served %d, %+v", served.Load(), got.total.Responses)
	}
}

func TestAConnectionThatTheServerClosedBetweenRequestsIsReplaced(t *testing.T) {
	got := runAgainst(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		conn, buffer, _ := w.(http.Hijacker).Hijack()
		// A whole response that does not announce that the connection is closed after it.
		_, _ = buffer.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_ = buffer.Flush()
		_ = conn.Close()
	}, func(o *Options) { o.Count, o.Rate = 10, 20 })
	if got.count(NoVersion, "200") != 10 {
		t.Errorf("%+v", got.total.Responses)
	}
}

func TestABodyThatEndsEarlyIsAFailureOfItsVersion(t *testing.T) {
	got := runAgainst(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, "v1")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("only this"))
	}, func(o *Options) { o.Count = 5 })
	if got.count("v1", StatusBroken) != 5 {
		t.Errorf("%+v", got.total.Responses)
	}
}

func TestASilentServerIsATimeoutAndABusyClientSaysWhatItDidNotSend(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.CloseClientConnections()
	got := runTo(t, t.Context(), server.URL, func(o *Options) {
		o.Count, o.Concurrency, o.Timeout = 10, 2, time.Second
	})
	if got.count(NoVersion, StatusTimeout) != 2 || got.count(NoVersion, StatusSkipped) != 8 || got.total.Sent != 2 {
		t.Errorf("sent %d, %+v", got.total.Sent, got.total.Responses)
	}
}

func TestNobodyListeningIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	got := runTo(t, t.Context(), "http://"+address, func(o *Options) { o.Count = 3 })
	if got.count(NoVersion, StatusRefused) != 3 {
		t.Errorf("%+v", got.total.Responses)
	}
}

func TestRequestsCarryHostHeadersAndClientKeysInTurn(t *testing.T) {
	keys := make(chan string, 100)
	runAgainst(t, t.Context(), func(_ http.ResponseWriter, r *http.Request) {
		cookie, _ := r.Cookie("client")
		keys <- strings.Join([]string{r.Host, r.Header.Get("x-preview"), cookie.Value}, " ")
	}, func(o *Options) {
		o.Count, o.Clients, o.ClientCookie = 9, 3, "client"
		o.Host, o.Headers = "checkout.example", []string{"x-preview: yes"}
	})
	close(keys)
	seen := map[string]int{}
	for key := range keys {
		seen[key]++
	}
	for _, client := range []string{"client-0", "client-1", "client-2"} {
		if seen["checkout.example yes "+client] != 3 {
			t.Errorf("requests seen: %v", seen)
		}
	}
}

func TestAnEndBeforeItsTimeFinishesWhatIsInFlightAndWritesTheTotal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	got := runAgainst(t, ctx, func(http.ResponseWriter, *http.Request) {
		cancel() // the answer is still to come
		time.Sleep(50 * time.Millisecond)
	}, func(o *Options) { o.Rate = 50 })
	if got.total.Sent == 0 || got.total.Sent > 20 || got.count(NoVersion, "200") != got.total.Sent {
		t.Errorf("sent %d, %+v", got.total.Sent, got.total.Responses)
	}
}

func TestEachClientSendsBackTheCookiesThatItWasGiven(t *testing.T) {
	var mixed, returned atomic.Int64
	handler := func(w http.ResponseWriter, r *http.Request) {
		client, _ := r.Cookie("client")
		if side, err := r.Cookie("side"); err == nil {
			returned.Add(1)
			if side.Value != "of-"+client.Value {
				mixed.Add(1)
			}
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "side", Value: "of-" + client.Value, Path: "/", MaxAge: 60})
	}
	runAgainst(t, t.Context(), handler, func(o *Options) {
		o.Count, o.Clients, o.ClientCookie, o.KeepCookies = 40, 4, "client", true
	})
	if returned.Load() < 30 || mixed.Load() != 0 {
		t.Errorf("%d of 40 requests came with a cookie, %d with that of another client", returned.Load(), mixed.Load())
	}
}

func TestCookiesThatTheServerTakesAwayAreGone(t *testing.T) {
	j := newJar()
	j.keep("ann", []*http.Cookie{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}})
	if got := j.header("ann"); got != "a=1; b=2" {
		t.Errorf("kept %q", got)
	}
	j.keep("ann", []*http.Cookie{{Name: "a", MaxAge: -1}})
	if got := j.header("ann"); got != "b=2" || j.header("bob") != "" {
		t.Errorf("kept %q", got)
	}
}
