package service

import (
	"net"
	"net/http"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

type running struct {
	service *Service
	url     string
	signals chan os.Signal
	ended   chan error
}

func run(t *testing.T, settings Settings) running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := running{
		service: New(settings, nil, "a", time.Now), url: "http://" + listener.Addr().String(),
		signals: make(chan os.Signal, 2), ended: make(chan error, 1),
	}
	go func() { r.ended <- Run(r.service, listener, r.signals) }()
	return r
}

// until spins on a condition that other goroutines of this process bring about.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("never happened: " + what)
		}
	}
}

func TestARequestInFlightIsFinishedBeforeTheEnd(t *testing.T) {
	r := run(t, Settings{Version: "v1", DelayMs: 300})
	answered := make(chan *http.Response, 1)
	go func() {
		response, err := http.Get(r.url)
		if err != nil {
			t.Error(err)
		}
		answered <- response
	}()
	until(t, "request in flight", func() bool { return r.service.metrics.inFlight.Load() == 1 })
	r.signals <- syscall.SIGTERM
	if response := <-answered; response == nil || response.StatusCode != 200 {
		t.Errorf("request in flight was lost: %v", response)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("want an orderly end, got %v", err)
	}
}

func TestItServesWhileItDrainsAndASecondSignalEndsTheDrain(t *testing.T) {
	r := run(t, Settings{Version: "v1", DrainSeconds: 3600})
	r.signals <- syscall.SIGTERM
	until(t, "not ready", func() bool { return !r.service.Ready() })
	response, err := http.Get(r.url)
	if err != nil || response.StatusCode != 200 || !response.Close {
		t.Errorf("while draining: %v %v", response, err)
	}
	r.signals <- syscall.SIGTERM
	if err := <-r.ended; err != nil {
		t.Errorf("want an orderly end, got %v", err)
	}
}

func TestACrashEndsWithAnError(t *testing.T) {
	atOnce := 0.0
	if err := <-run(t, Settings{CrashAfterSeconds: &atOnce}).ended; err == nil {
		t.Error("a crash must not look like an orderly end")
	}
}
