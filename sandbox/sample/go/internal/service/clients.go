package service

import (
	"fmt"
	"hash/fnv"
	"io"
	"sync"
	"time"
)

// The bitmap that a client-failures guardrail with source: bitmap reads; docs/sticky-clients.md has the format.
const (
	clientBuckets = 4096
	wordBits      = 52 // a float64 sample carries 53 bits of a whole number
	clientWords   = (clientBuckets + wordBits - 1) / wordBits
	clientWindow  = 60 * time.Second
)

// clients remembers, for the present window, into which buckets the clients fell that were answered and that
// were failed. A new window begins with nothing, so that an old process compares with a new one.
type clients struct {
	mutex  sync.Mutex
	window int64
	seen   [clientWords]uint64
	failed [clientWords]uint64
}

// bucket is a hash of the client's key that has nothing to do with the one that routes: each replica of each
// version must give the same client the same bucket.
func bucket(client string) uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte("slipway-clients/"))
	_, _ = sum.Write([]byte(client))
	return mix(sum.Sum64()) % clientBuckets
}

// mark notes one answer. A request without a key is not counted.
func (c *clients) mark(client string, failed bool, now time.Time) {
	if client == "" {
		return
	}
	b := bucket(client)
	word, bit := b/wordBits, uint64(1)<<(b%wordBits)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.turn(now)
	c.seen[word] |= bit
	if failed {
		c.failed[word] |= bit
	}
}

// write prints both bitmaps as gauges, whole and of one window.
func (c *clients) write(to io.Writer, now time.Time) error {
	c.mutex.Lock()
	c.turn(now)
	window, seen, failed := c.window, c.seen, c.failed
	c.mutex.Unlock()
	for _, family := range []struct {
		name, help string
		words      [clientWords]uint64
	}{
		{"slipway_clients_seen", "Buckets of clients that were answered in this window.", seen},
		{"slipway_clients_failed", "Buckets of clients that were failed in this window.", failed},
	} {
		if _, err := fmt.Fprintf(to, "# HELP %[1]s %[2]s\n# TYPE %[1]s gauge\n%[1]s{word=\"window\"} %[3]d\n",
			family.name, family.help, window); err != nil {
			return err
		}
		for number, word := range family.words {
			if _, err := fmt.Fprintf(to, "%s{word=\"%d\"} %d\n", family.name, number, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *clients) turn(now time.Time) {
	if window := now.Unix() / int64(clientWindow.Seconds()); window != c.window {
		c.window, c.seen, c.failed = window, [clientWords]uint64{}, [clientWords]uint64{}
	}
}
