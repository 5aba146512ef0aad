package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// VersionHeader names the version that answered.
const VersionHeader = "x-sample-version"

// Where a client's key is read: the header wins over the cookie.
const (
	clientHeader = "x-client"
	clientCookie = "client"
)

// Service answers requests. It holds no goroutine of its own; Run in lifecycle.go serves it.
type Service struct {
	settings Settings
	shown    map[string]string
	logEach  bool
	faults   *faults
	metrics  metrics
	clients  clients
	numbers  atomic.Uint64
	draining atomic.Bool
	started  time.Time
	now      func() time.Time
	handler  http.Handler
}

// New returns a service that is not draining. environ is in the form of os.Environ; host tells replicas
// apart; now is the clock.
func New(settings Settings, environ []string, host string, now func() time.Time) *Service {
	started := now()
	shown := shownVariables(environ)
	s := &Service{
		settings: settings, shown: shown, logEach: shown["LOG"] == "debug", started: started, now: now,
		faults: newFaults(settings, host, started),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.serve)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, true, "alive") })
	mux.HandleFunc("/readyz", s.serveReadiness)
	mux.HandleFunc("/metrics", s.serveMetrics)
	s.handler = mux
	return s
}

// ServeHTTP asks the client to close its connection while the service drains, on every path. That ends
// kept-alive connections between two requests: closing them from this side, idle as they are, would race
// with a request that is already on its way, and the client would see a reset.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(VersionHeader, s.settings.Version)
	if s.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

// Drain makes the service not ready; it goes on answering.
func (s *Service) Drain() { s.draining.Store(true) }

// Ready says whether traffic may be sent.
func (s *Service) Ready() bool {
	warm := s.now().Sub(s.started) >= seconds(s.settings.ReadyAfterSeconds)
	return !s.settings.NeverReady && !s.draining.Load() && warm
}

type answer struct {
	Version string            `json:"version"`
	OK      bool              `json:"ok"`
	Env     map[string]string `json:"env,omitempty"`
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.metrics.inFlight.Add(1)
	defer s.metrics.inFlight.Add(-1)
	client := clientKey(r)
	result := s.faults.judge(s.numbers.Add(1)-1, client, s.now())
	wait(r.Context(), result.delay)
	s.metrics.count(result)
	s.clients.mark(client, result.failed, s.now())
	status := http.StatusOK
	if result.failed {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer{Version: s.settings.Version, OK: !result.failed, Env: s.shown})
	if s.logEach {
		slog.Info("request", "path", r.URL.Path, "status", status)
	}
}

func (s *Service) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	plain(w, s.Ready(), map[bool]string{true: "ready", false: "not ready"}[s.Ready()])
}

func (s *Service) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = s.metrics.write(w, s.settings.Version, s.started)
	_ = s.clients.write(w, s.now())
}

func plain(w http.ResponseWriter, ok bool, text string) {
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(text + "\n"))
}

// wait ends early when the client has gone.
func wait(ctx context.Context, delay time.Duration) {
	if delay <= 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func clientKey(r *http.Request) string {
	if key := r.Header.Get(clientHeader); key != "" {
		return key
	}
	if cookie, err := r.Cookie(clientCookie); err == nil {
		return cookie.Value
	}
	return ""
}

// shownVariables picks what the answer shows: LOG, FEATURE_... and APP_..., never the whole environment,
// which may hold secrets.
func shownVariables(environ []string) map[string]string {
	shown := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if name == "LOG" || strings.HasPrefix(name, "FEATURE_") || strings.HasPrefix(name, "APP_") {
			shown[name] = value
		}
	}
	return shown
}
