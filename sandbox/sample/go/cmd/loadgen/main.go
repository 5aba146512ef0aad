// Command loadgen sends a constant, bounded rate of requests to a server on this machine and writes what
// the client saw as JSON lines. It ends after -duration or -count, on SIGTERM or SIGINT, and, with
// -with-stdin, when its standard input ends, which it does when the process that holds the other end dies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"slipway/sandbox/sample/internal/load"
)

type headers []string

func (h *headers) String() string { return strings.Join(*h, ", ") }

func (h *headers) Set(value string) error {
	*h = append(*h, value)
	return nil
}

func main() {
	err := run()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "loadgen:", line)
	}
	os.Exit(1)
}

func run() error {
	var options load.Options
	flags := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	flags.StringVar(&options.URL, "url", "", "target, by an IP address of this machine: http://127.0.0.1:8080/")
	flags.StringVar(&options.Host, "host", "", "Host header (default: the URL's)")
	flags.Var((*headers)(&options.Headers), "header", "further header \"name: value\" (repeatable)")
	flags.Float64Var(&options.Rate, "rate", 100, "requests a second")
	flags.DurationVar(&options.Duration, "duration", 10*time.Minute, "end after this time")
	flags.IntVar(&options.Count, "count", 0, "end after so many requests (0: by duration alone)")
	flags.DurationVar(&options.Timeout, "timeout", 5*time.Second, "of one request")
	flags.IntVar(&options.Concurrency, "concurrency", 0, "requests in flight at most (0: rate x timeout)")
	flags.DurationVar(&options.Every, "every", time.Second, "between two interval records")
	flags.DurationVar(&options.Group, "group", 10*time.Millisecond, "requests due within it go out together (0: each by itself)")
	flags.IntVar(&options.Clients, "clients", 0, "number of client keys")
	flags.StringVar(&options.ClientHeader, "client-header", "", "header that carries the client key")
	flags.StringVar(&options.ClientCookie, "client-cookie", "", "cookie that carries the client key")
	flags.Float64Var(&options.ClientSkew, "client-skew", 0, "0: clients in turn; 1: a few send most, by Zipf's law")
	flags.BoolVar(&options.KeepCookies, "keep-cookies", false, "each client sends back the cookies that it was given")
	out := flags.String("out", "", "file for the records (default: standard output)")
	withStdin := flags.Bool("with-stdin", false, "end when standard input ends")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	if err := options.Complete(); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if *withStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	records := os.Stdout
	if *out != "" {
		file, err := os.OpenFile(*out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer file.Close()
		records = file
	}
	// One processor and few collections: the load must leave the machine to what it loads.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(800)
	return load.Run(ctx, options, records)
}
