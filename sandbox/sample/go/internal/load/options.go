// Package load sends a constant rate of requests to a server on this machine and counts, as the client
// saw it, every response by version and status.
package load

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Limits that keep a run bounded, whatever is asked for.
const (
	MaxRate        = 5000.0
	MaxDuration    = 4 * time.Hour
	MaxConcurrency = 4096
)

// Options say what is sent, how often and for how long.
type Options struct {
	URL         string
	Host        string        // Host header; empty: the URL's
	Headers     []string      // further headers, each "name: value"
	Rate        float64       // requests a second, whether or not earlier ones have been answered
	Duration    time.Duration // the run ends after it,
	Count       int           // or after so many requests; 0: by duration alone
	Timeout     time.Duration // of one request, with its body
	Concurrency int           // requests in flight at most; 0: as many as Rate sends within Timeout
	Group       time.Duration // requests due within it go out together, at its beginning; 0: each at its own time
	Every       time.Duration // between two interval records

	Clients      int     // number of client keys (client-0, client-1, ...); 0: none
	ClientHeader string  // the header
	ClientCookie string  // or the cookie that carries the key
	ClientSkew   float64 // 0: in turn; else how much more the first clients send than the last, 1 being Zipf's law
	KeepCookies  bool    // each client sends back the cookies that it was given
}

// Complete fills in what follows from the other options and reports every problem at once.
func (o *Options) Complete() error {
	var problems []error
	refuse := func(bad bool, format string, values ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, values...))
		}
	}
	refuse(!(o.Rate > 0 && o.Rate <= MaxRate), "rate %v: must be above 0 and at most %v a second", o.Rate, MaxRate)
	refuse(o.Duration <= 0 || o.Duration > MaxDuration, "duration %v: must be above 0 and at most %v", o.Duration, MaxDuration)
	refuse(o.Timeout <= 0, "timeout %v: must be above 0", o.Timeout)
	refuse(o.Every < 10*time.Millisecond, "every %v: must be at least 10ms", o.Every)
	refuse(o.Group < 0 || o.Group > time.Second, "group %v: must lie between 0 and 1s", o.Group)
	refuse(o.Count < 0, "count %d: must not be negative", o.Count)
	refuse(o.Clients < 0, "clients %d: must not be negative", o.Clients)
	refuse(o.Clients > 0 && (o.ClientHeader == "") == (o.ClientCookie == ""),
		"clients: name either the header or the cookie that carries the key")
	refuse(!(o.ClientSkew >= 0 && o.ClientSkew <= 3), "skew %v: must lie between 0 and 3", o.ClientSkew)
	refuse(o.KeepCookies && o.Clients == 0, "cookies are kept for clients: say how many there are")
	refuse(o.Concurrency < 0 || o.Concurrency > MaxConcurrency,
		"concurrency %d: must lie between 0 and %d", o.Concurrency, MaxConcurrency)
	for _, header := range o.Headers {
		_, _, found := strings.Cut(header, ":")
		refuse(!found, "header %q: must have the form \"name: value\"", header)
	}
	if err := checkTarget(o.URL); err != nil {
		problems = append(problems, err)
	}
	if len(problems) == 0 && o.Concurrency == 0 {
		o.Concurrency = min(MaxConcurrency, 16+int(o.Rate*o.Timeout.Seconds()))
	}
	return errors.Join(problems...)
}

// checkTarget accepts only an address of this machine, or rather of the network namespace that the process
// is in: load is never sent anywhere else.
func checkTarget(text string) error {
	target, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if target.Scheme != "http" {
		return fmt.Errorf("url %q: must begin with http://", text)
	}
	address, err := netip.ParseAddr(target.Hostname())
	if err != nil {
		return fmt.Errorf("url %q: name the server by its IP address (and use the Host header for its name)", text)
	}
	if address.IsLoopback() {
		return nil
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("addresses of this machine: %w", err)
	}
	for _, candidate := range own {
		prefix, err := netip.ParsePrefix(candidate.String())
		if err == nil && prefix.Addr() == address.Unmap() {
			return nil
		}
	}
	return fmt.Errorf("url %q: load is sent only to an address of this machine in the present network namespace", text)
}
