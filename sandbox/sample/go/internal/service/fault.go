package service

import (
	"hash/fnv"
	"sync/atomic"
	"time"
)

// Independent streams of the pseudo-random choice, so that an error does not imply an incomplete purchase.
const (
	errorStream uint64 = iota + 1
	incompleteStream
	clientStream
)

// faults decides what goes wrong with a request. It depends only on the settings, the host's name, the
// request's number and client, and the time since the faults began to count.
type faults struct {
	settings Settings
	seed     uint64
	started  time.Time
	first    atomic.Int64 // nanoseconds from started to the first request, plus one; 0 before it
}

type outcome struct {
	failed    bool
	completed bool
	delay     time.Duration
}

func newFaults(settings Settings, host string, started time.Time) *faults {
	name := fnv.New64a()
	_, _ = name.Write([]byte(host))
	return &faults{settings: settings, seed: mix(settings.Seed) ^ name.Sum64(), started: started}
}

// judge returns the outcome of request number n (from 0) of the client at the given time.
func (f *faults) judge(n uint64, client string, now time.Time) outcome {
	f.first.CompareAndSwap(0, int64(now.Sub(f.started))+1)
	if !f.active(now) {
		return outcome{completed: true}
	}
	group := n
	if f.settings.Burst > 1 {
		group = n / uint64(f.settings.Burst)
	}
	failed := f.chance(errorStream, group) < f.settings.ErrorRatio
	if f.settings.StickyClientFault != "" && client == f.settings.StickyClientFault {
		failed = true
	}
	failed = failed || f.broken(client)
	return outcome{
		failed:    failed,
		completed: !failed && f.chance(incompleteStream, n) >= f.settings.IncompleteRatio,
		delay:     time.Duration(f.settings.DelayMs) * time.Millisecond,
	}
}

// broken says whether the client is one of those that only ever fail: the same on every replica.
func (f *faults) broken(client string) bool {
	if client == "" || f.settings.ClientErrorShare == 0 {
		return false
	}
	key := fnv.New64a()
	_, _ = key.Write([]byte(client))
	return unit(mix(mix(f.settings.Seed)^mix(clientStream)^key.Sum64())) < f.settings.ClientErrorShare
}

func (f *faults) active(now time.Time) bool {
	since := now.Sub(f.started)
	if f.settings.FaultAfter == AfterFirstRequest {
		since -= time.Duration(f.first.Load() - 1)
	}
	return since >= seconds(f.settings.FaultAfterSeconds)
}

// chance is uniform in [0, 1) and the same for the same seed, stream and number.
func (f *faults) chance(stream, number uint64) float64 {
	return unit(mix(f.seed ^ mix(stream) ^ mix(number+1)))
}

func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that spreads every bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}
