// Command sample is the service that the sandbox releases. Its version and faults come from the settings
// file in its image (SAMPLE_CONFIG, default /etc/sample.json) and from SAMPLE_... variables; it listens on
// SAMPLE_ADDRESS (default: every address) and PORT (default 8080).
package main

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"slipway/sandbox/sample/internal/service"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

func run() error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	file, err := os.Open(cmp.Or(os.Getenv("SAMPLE_CONFIG"), "/etc/sample.json"))
	if err != nil {
		return err
	}
	defer file.Close()
	settings, err := service.Load(file, os.LookupEnv)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	address := net.JoinHostPort(os.Getenv("SAMPLE_ADDRESS"), cmp.Or(os.Getenv("PORT"), "8080"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return service.Run(service.New(settings, os.Environ(), host, time.Now), listener, signals)
}
