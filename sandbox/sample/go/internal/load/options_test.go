package load

import (
	"strings"
	"testing"
	"time"
)

func options(url string) Options {
	return Options{
		URL: url, Rate: 200, Duration: 10 * time.Second, Timeout: 5 * time.Second, Every: 50 * time.Millisecond,
	}
}

func TestLoadIsRefusedToAnythingButThisMachine(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1/", "http://example.com/", "https://127.0.0.1/", "127.0.0.1:80"} {
		o := options(url)
		if err := o.Complete(); err == nil {
			t.Errorf("%s was accepted", url)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8080/", "http://[::1]:8080/"} {
		o := options(url)
		if err := o.Complete(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	o := options("http://example.com/")
	o.Rate, o.Duration, o.Timeout, o.Clients = 1e9, 100*time.Hour, 0, 3
	err := o.Complete()
	for _, name := range []string{"url", "rate", "duration", "timeout", "clients"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want a problem that names %s, got %v", name, err)
		}
	}
}

func TestConcurrencyIsBoundedEvenIfNotGiven(t *testing.T) {
	o := options("http://127.0.0.1/")
	o.Rate = MaxRate
	if err := o.Complete(); err != nil || o.Concurrency != MaxConcurrency {
		t.Errorf("concurrency %d, %v", o.Concurrency, err)
	}
}
