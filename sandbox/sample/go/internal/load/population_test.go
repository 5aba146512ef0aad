package load

import (
	"math"
	"testing"
)

func TestClientsComeInTurn(t *testing.T) {
	p := newPopulation(3, 0)
	for n, want := range []string{"client-0", "client-1", "client-2", "client-0"} {
		if got := p.client(n); got != want {
			t.Errorf("request %d is of %s, want %s", n, got, want)
		}
	}
	if got := newPopulation(0, 0).client(5); got != "" {
		t.Errorf("without clients there is %q", got)
	}
}

func TestASkewedPopulationSendsByZipfsLaw(t *testing.T) {
	p, count := newPopulation(100, 1), map[string]int{}
	for n := range 100_000 {
		count[p.client(n)]++
	}
	harmonic := 0.0
	for rank := range 100 {
		harmonic += 1 / float64(rank+1)
	}
	for _, client := range []struct {
		name  string
		share float64
	}{{"client-0", 1 / harmonic}, {"client-9", 0.1 / harmonic}} {
		if got := float64(count[client.name]) / 100_000; math.Abs(got-client.share) > 0.01 {
			t.Errorf("%s sends %v of all requests, want %v", client.name, got, client.share)
		}
	}
	if len(count) != 100 {
		t.Errorf("%d of 100 clients send anything", len(count))
	}
}
