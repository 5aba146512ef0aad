package service

import (
	"fmt"
	"math"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// failures lists which of the first n requests fail, all sent at the given time after the start.
func failures(settings Settings, host string, n int, after time.Duration) []bool {
	f := newFaults(settings, host, start)
	failed := make([]bool, n)
	for i := range failed {
		failed[i] = f.judge(uint64(i), "", start.Add(after)).failed
	}
	return failed
}

func share(failed []bool) float64 {
	count := 0.0
	for _, one := range failed {
		if one {
			count++
		}
	}
	return count / float64(len(failed))
}

func TestTheDeclaredShareOfRequestsFails(t *testing.T) {
	// Five standard deviations of a binomial share at n = 100,000.
	if got := share(failures(Settings{ErrorRatio: 0.05}, "a", 100_000, 0)); math.Abs(got-0.05) > 0.0035 {
		t.Errorf("share of failures %v, want 0.05", got)
	}
	if got := share(failures(Settings{ErrorRatio: 1}, "a", 1000, 0)); got != 1 {
		t.Errorf("share of failures %v, want 1", got)
	}
	if got := share(failures(Settings{}, "a", 1000, 0)); got != 0 {
		t.Errorf("share of failures %v, want 0", got)
	}
}

func TestTheSameSeedAndHostFailTheSameRequests(t *testing.T) {
	settings := Settings{ErrorRatio: 0.3, Seed: 7}
	first, second := failures(settings, "a", 200, 0), failures(settings, "a", 200, 0)
	other := failures(settings, "b", 200, 0)
	settings.Seed = 8
	reseeded := failures(settings, "a", 200, 0)
	if !equal(first, second) {
		t.Error("the same seed and host must repeat")
	}
	if equal(first, other) || equal(first, reseeded) {
		t.Error("replicas and seeds must not fail in step")
	}
}

func equal(a, b []bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestBurstsFailInWholeRunsAndKeepTheShare(t *testing.T) {
	failed := failures(Settings{ErrorRatio: 0.1, Burst: 20}, "a", 200_000, 0)
	for i := range failed {
		if failed[i] != failed[i-i%20] {
			t.Fatalf("request %d differs from the rest of its burst", i)
		}
	}
	if got := share(failed); math.Abs(got-0.1) > 0.016 {
		t.Errorf("share of failures %v, want 0.1", got)
	}
}

func TestALateFaultBeginsAtItsTimeAfterTheStart(t *testing.T) {
	settings := Settings{ErrorRatio: 1, DelayMs: 5, FaultAfterSeconds: 120, FaultAfter: AfterStart}
	if share(failures(settings, "a", 10, 119*time.Second)) != 0 {
		t.Error("failed before its time")
	}
	if share(failures(settings, "a", 10, 120*time.Second)) != 1 {
		t.Error("did not fail at its time")
	}
}

func TestALateFaultMayCountFromTheFirstRequest(t *testing.T) {
	f := newFaults(Settings{ErrorRatio: 1, FaultAfterSeconds: 10, FaultAfter: AfterFirstRequest}, "a", start)
	for _, check := range []struct {
		at   time.Duration
		want bool
	}{{300 * time.Second, false}, {309 * time.Second, false}, {310 * time.Second, true}} {
		if got := f.judge(0, "", start.Add(check.at)).failed; got != check.want {
			t.Errorf("at %v: failed %v, want %v", check.at, got, check.want)
		}
	}
}

func TestAStickyFaultHitsOneClientOnly(t *testing.T) {
	f := newFaults(Settings{StickyClientFault: "client-3"}, "a", start)
	for n := range uint64(50) {
		if !f.judge(n, "client-3", start).failed || f.judge(n, "client-4", start).failed {
			t.Fatal("only the named client's requests may fail, and all of them must")
		}
	}
}

func TestIncompletePurchasesAreNotErrors(t *testing.T) {
	f := newFaults(Settings{IncompleteRatio: 1}, "a", start)
	if got := f.judge(0, "", start); got.failed || got.completed {
		t.Errorf("want an answer without a purchase, got %+v", got)
	}
}

func TestAShareOfTheClientsFailsOnEveryReplicaAndTheOthersNever(t *testing.T) {
	settings := Settings{ClientErrorShare: 0.2}
	one, other := newFaults(settings, "a", start), newFaults(settings, "b", start)
	broken := 0
	for n := range 5000 {
		client := fmt.Sprintf("client-%d", n)
		first := one.judge(0, client, start).failed
		if first != one.judge(1, client, start).failed || first != other.judge(7, client, start).failed {
			t.Fatalf("%s fails now and then", client)
		}
		if first {
			broken++
		}
	}
	// Five standard deviations of a binomial share at n = 5,000.
	if got := float64(broken) / 5000; math.Abs(got-0.2) > 0.029 {
		t.Errorf("share of broken clients %v, want 0.2", got)
	}
	if one.judge(0, "", start).failed {
		t.Error("a request without a key belongs to no client")
	}
}
