package service

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var sampleLine = regexp.MustCompile(`^slipway_clients_(seen|failed)\{word="(\w+)"\} (\d+)$`)

// exported reads the text as Prometheus does: every value becomes a float64.
func exported(t *testing.T, c *clients, now time.Time) map[string]map[string]float64 {
	t.Helper()
	var text bytes.Buffer
	if err := c.write(&text, now); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]float64{"seen": {}, "failed": {}}
	for line := range bytes.Lines(text.Bytes()) {
		if match := sampleLine.FindSubmatch(bytes.TrimSpace(line)); match != nil {
			value, err := strconv.ParseFloat(string(match[3]), 64)
			if err != nil {
				t.Fatal(err)
			}
			found[string(match[1])][string(match[2])] = value
		}
	}
	return found
}

func has(words map[string]float64, client string) bool {
	b := bucket(client)
	return uint64(words[strconv.FormatUint(b/wordBits, 10)])>>(b%wordBits)&1 == 1
}

func TestEachClientSetsItsBitAndThoseThatFailedTheOther(t *testing.T) {
	var c clients
	for n := range 3000 {
		c.mark(fmt.Sprintf("client-%d", n), n%7 == 0, start)
	}
	found := exported(t, &c, start)
	for n := range 3000 {
		client := fmt.Sprintf("client-%d", n)
		if !has(found["seen"], client) || (n%7 == 0 && !has(found["failed"], client)) {
			t.Fatalf("%s is missing", client)
		}
	}
	if len(found["seen"]) != clientWords+1 || len(found["failed"]) != clientWords+1 {
		t.Errorf("%d and %d samples", len(found["seen"]), len(found["failed"]))
	}
}

func TestEveryWordIsExactAsAFloat(t *testing.T) {
	var c clients
	for n := range 200_000 {
		c.mark(strconv.Itoa(n), true, start)
	}
	full := uint64(1)<<wordBits - 1
	for word, value := range exported(t, &c, start)["failed"] {
		if word != "window" && word != strconv.Itoa(clientWords-1) && uint64(value) != full {
			t.Errorf("word %s is %v, not all of its bits", word, value)
		}
	}
}

func TestANewWindowBeginsWithNothing(t *testing.T) {
	var c clients
	c.mark("ann", true, start)
	before := exported(t, &c, start)
	later := exported(t, &c, start.Add(clientWindow))
	if later["seen"]["window"] != before["seen"]["window"]+1 || has(later["seen"], "ann") || has(later["failed"], "ann") {
		t.Errorf("window %v after %v", later["seen"]["window"], before["seen"]["window"])
	}
}

func TestARequestWithoutAKeyCountsForNobody(t *testing.T) {
	var c clients
	c.mark("", true, start)
	for word, value := range exported(t, &c, start)["seen"] {
		if word != "window" && value != 0 {
			t.Errorf("word %s is %v", word, value)
		}
	}
}

func TestBucketsAreSpreadEvenly(t *testing.T) {
	count := make([]int, clientBuckets)
	for n := range 40 * clientBuckets {
		count[bucket(fmt.Sprintf("client-%d", n))]++
	}
	for b, n := range count {
		if n < 5 || n > 100 {
			t.Errorf("bucket %d has %d of 40 expected clients", b, n)
		}
	}
}
