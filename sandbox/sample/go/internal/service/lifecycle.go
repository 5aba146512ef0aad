package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// finishWithin bounds how long requests in flight may take after the drain.
const finishWithin = 10 * time.Second

// Run serves until a signal arrives and then stops without losing a request: not ready, but serving, for
// the drain period, so that the router can take this replica out; then no new connections,
// the requests in flight finished, and an end. A second signal cuts the drain short, a third the requests. The error
// is nil for an orderly stop.
//
// The server has no idle or header timeout on purpose: a server that closes connections that look idle
// races with the proxy's next request on them.
func Run(s *Service, listener net.Listener, signals <-chan os.Signal) error {
	server := &http.Server{Handler: s}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("serving", "version", s.settings.Version, "address", listener.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-crash(s.settings.CrashAfterSeconds):
		return fmt.Errorf("crashed as crashAfterSeconds demands")
	case received := <-signals:
		slog.Info("draining", "signal", received.String(), "seconds", s.settings.DrainSeconds)
	}
	s.Drain()
	select {
	case <-time.After(seconds(s.settings.DrainSeconds)):
	case <-signals:
	}
	return finish(server, signals)
}

func finish(server *http.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests still in flight: %w", err)
	}
	slog.Info("stopped")
	return nil
}

// crash is nil, which never fires, unless a crash is set.
func crash(after *float64) <-chan time.Time {
	if after == nil {
		return nil
	}
	return time.After(seconds(*after))
}
